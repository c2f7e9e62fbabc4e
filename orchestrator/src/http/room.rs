//! Room for webhooks that are being read or stored: so many at once, and so many bytes of bodies.
//!
//! Whoever has shown the right token may take all of it. A signature shows something only when the whole body is there;
//! until then a client may take up no more than its share, so that no stranger keeps everybody else out.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Webhooks at once.
const MOST_WEBHOOKS: usize = 512;

/// Bytes of bodies that are held at once.
const MOST_BODY_BYTES: usize = 32 * 1024 * 1024;

/// Of both, the share of a client that has not shown who it is. HubSpot does not meet it: it sends ten requests at once,
/// or some hundred where it is told to, and a hundred events take some 40 KB.
const SHARE: usize = 4;

/// The room of this process.
#[derive(Debug, Default)]
pub(super) struct Room(Arc<Mutex<Occupied>>);

#[derive(Debug, Default)]
struct Occupied {
    all: Size,
    /// Of those who have not shown who they are.
    unproven: HashMap<IpAddr, Size>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Size {
    webhooks: usize,
    body_bytes: usize,
}

/// There is no room, or no more for this client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoRoom;

/// What one webhook takes up until this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    room: Arc<Mutex<Occupied>>,
    size: Size,
    unproven: Option<IpAddr>,
}

impl Room {
    /// Room for the webhook of somebody who has shown who it is.
    pub(super) fn enter(&self) -> Result<Place, NoRoom> {
        self.place(None)
    }

    /// Room for the webhook of a client that has not.
    pub(super) fn enter_unproven(&self, client: IpAddr) -> Result<Place, NoRoom> {
        self.place(Some(client))
    }

    fn place(&self, unproven: Option<IpAddr>) -> Result<Place, NoRoom> {
        let mut place = Place { room: Arc::clone(&self.0), size: Size::default(), unproven };
        place.take(Size { webhooks: 1, body_bytes: 0 })?;
        Ok(place)
    }
}

impl Place {
    /// Takes so many more bytes of a body.
    pub(super) fn add(&mut self, body_bytes: usize) -> Result<(), NoRoom> {
        self.take(Size { webhooks: 0, body_bytes })
    }

    /// The client has shown who it is: from here on this place is not part of its share.
    pub(super) fn proved(&mut self) {
        if let Some(client) = self.unproven.take() {
            lock(&self.room).leave_share(client, self.size);
        }
    }

    fn take(&mut self, more: Size) -> Result<(), NoRoom> {
        let mut occupied = lock(&self.room);
        let all = occupied.all.plus(more);
        if !all.fits(1) {
            return Err(NoRoom);
        }
        if let Some(client) = self.unproven {
            let share = occupied.unproven.get(&client).copied().unwrap_or_default().plus(more);
            if !share.fits(SHARE) {
                return Err(NoRoom);
            }
            occupied.unproven.insert(client, share);
        }
        occupied.all = all;
        self.size = self.size.plus(more);
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut occupied = lock(&self.room);
        occupied.all = occupied.all.minus(self.size);
        if let Some(client) = self.unproven {
            occupied.leave_share(client, self.size);
        }
    }
}

impl Occupied {
    fn leave_share(&mut self, client: IpAddr, size: Size) {
        let rest = self.unproven.remove(&client).unwrap_or_default().minus(size);
        if rest != Size::default() {
            self.unproven.insert(client, rest);
        }
    }
}

impl Size {
    const fn plus(self, other: Self) -> Self {
        Self { webhooks: self.webhooks + other.webhooks, body_bytes: self.body_bytes + other.body_bytes }
    }

    const fn minus(self, other: Self) -> Self {
        Self {
            webhooks: self.webhooks.saturating_sub(other.webhooks),
            body_bytes: self.body_bytes.saturating_sub(other.body_bytes),
        }
    }

    /// Whether it is within one of so many equal parts of the room.
    const fn fits(self, parts: usize) -> bool {
        self.webhooks <= MOST_WEBHOOKS / parts && self.body_bytes <= MOST_BODY_BYTES / parts
    }
}

fn lock(room: &Mutex<Occupied>) -> MutexGuard<'_, Occupied> {
    room.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1024 * 1024;

    #[test]
    fn room_comes_back_when_it_is_left() {
        let room = Room::default();
        let held: Vec<_> = (0..MOST_WEBHOOKS).map(|_| room.enter().unwrap()).collect();
        assert!(room.enter().is_err());
        drop(held);
        let mut place = room.enter().unwrap();
        place.add(MOST_BODY_BYTES).unwrap();
        assert_eq!(place.add(1), Err(NoRoom));
        assert_eq!(room.enter().unwrap().add(1), Err(NoRoom));
        drop(place);
        assert_eq!(room.enter().unwrap().add(1), Ok(()));
        assert_eq!(lock(&room.0).all, Size::default());
    }

    #[test]
    fn who_has_not_shown_who_it_is_takes_a_share_and_leaves_the_rest_to_others() {
        let room = Room::default();
        let (stranger, other) = ("198.51.100.1".parse().unwrap(), "198.51.100.2".parse().unwrap());
        let held: Vec<_> = (0..128).map(|_| room.enter_unproven(stranger).unwrap()).collect();
        assert!(room.enter_unproven(stranger).is_err());
        assert!(room.enter_unproven(other).is_ok() && room.enter().is_ok());
        drop(held);
        let mut large = room.enter_unproven(stranger).unwrap();
        large.add(8 * MIB).unwrap();
        assert_eq!(room.enter_unproven(stranger).unwrap().add(1), Err(NoRoom));
        assert_eq!(room.enter_unproven(other).unwrap().add(MIB), Ok(()));
        assert_eq!(room.enter().unwrap().add(24 * MIB), Ok(()));
        drop(large);
        assert!(lock(&room.0).unproven.is_empty(), "nobody is remembered for ever");
    }

    #[test]
    fn who_has_shown_who_it_is_has_its_share_back_while_its_webhook_is_stored() {
        let room = Room::default();
        let client = "198.51.100.1".parse().unwrap();
        let stored: Vec<_> = (0..300)
            .map(|_| {
                let mut place = room.enter_unproven(client).unwrap();
                place.add(40_000).unwrap();
                place.proved();
                place
            })
            .collect();
        assert_eq!(lock(&room.0).all, Size { webhooks: 300, body_bytes: 12_000_000 });
        drop(stored);
        assert_eq!(lock(&room.0).all, Size::default());
        assert!(lock(&room.0).unproven.is_empty());
    }

    #[test]
    fn a_hundred_full_batches_of_hubspot_are_within_the_share() {
        let room = Room::default();
        let client = "198.51.100.1".parse().unwrap();
        let batches: Result<Vec<_>, NoRoom> = (0..100)
            .map(|_| {
                let mut place = room.enter_unproven(client)?;
                place.add(100 * 400).map(|()| place)
            })
            .collect();
        assert!(batches.is_ok());
    }
}

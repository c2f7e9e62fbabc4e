use super::*;

fn icon(mark: Mark, panel: Panel) -> Icon {
    Icon { mark, panel }
}

/// Opacity alone: what is left when colours are not seen.
fn shape(mark: Mark, size: u32) -> Vec<u8> {
    rgba(icon(mark, Panel::Template), size).chunks_exact(4).map(|pixel| pixel[3]).collect()
}

#[test]
fn every_state_has_a_shape_of_its_own_at_every_size() {
    for size in [16, 22, 32, 44] {
        for (index, mark) in Mark::ALL.into_iter().enumerate() {
            for other in Mark::ALL.into_iter().skip(index + 1) {
                let (one, two) = (shape(mark, size), shape(other, size));
                let apart = one.iter().zip(&two).filter(|(one, two)| one.abs_diff(**two) > 96).count();
                let pixels = usize::try_from(size * size).unwrap();
                assert!(
                    apart * 40 > pixels,
                    "{mark:?} and {other:?} at {size}: {apart} of {pixels} pixels differ"
                );
            }
        }
    }
}

#[test]
fn nothing_is_cut_off_and_the_corners_are_empty() {
    for mark in Mark::ALL {
        let size = 32;
        let shape = shape(mark, size);
        let at = |x: u32, y: u32| shape[usize::try_from(y * size + x).unwrap()];
        for (x, y) in [(0, 0), (31, 0), (0, 31), (31, 31)] {
            assert_eq!(at(x, y), 0, "{mark:?} at {x}, {y}");
        }
        let edge = (0..size).flat_map(|i| [at(i, 0), at(i, 31), at(0, i), at(31, i)]);
        assert_eq!(edge.max(), Some(0), "{mark:?} touches its edge");
    }
}

#[test]
fn states_are_told_by_colour_too_and_are_read_on_their_panel() {
    for (panel, ground) in [(Panel::Light, [0xf3, 0xf4, 0xf6]), (Panel::Dark, [0x1d, 0x20, 0x25])] {
        for mark in Mark::ALL {
            let ink = colour(icon(mark, panel)).to_color_u8();
            let contrast = contrast([ink.red(), ink.green(), ink.blue()], ground);
            assert!(contrast >= 4.5, "{mark:?} on {panel:?}: {contrast}");
        }
        let of = |mark| colour(icon(mark, panel));
        for (one, two) in
            [(Mark::Healthy, Mark::Degraded), (Mark::Degraded, Mark::Down), (Mark::Down, Mark::Paused)]
        {
            assert_ne!(of(one), of(two));
        }
    }
}

/// As WCAG counts it.
fn contrast(one: [u8; 3], two: [u8; 3]) -> f64 {
    let linear = |value: u8| {
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    let light = |colour: [u8; 3]| {
        let [red, green, blue] = colour.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    };
    let (one, two) = (light(one), light(two));
    (one.max(two) + 0.05) / (one.min(two) + 0.05)
}

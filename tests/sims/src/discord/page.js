// Shows the channel as people see it in Discord. Texts are only ever set as text, never as markup.
"use strict";

const list = document.getElementById("messages");
const scroll = document.getElementById("scroll");
const state = document.getElementById("state");
const shown = new Map();
let version = 0;
let first = true;

function make(tag, className, parent, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  if (parent) parent.append(element);
  return element;
}

function isWeb(url) {
  return typeof url === "string" && /^https?:\/\//i.test(url);
}

function anchor(url, parent) {
  const link = make("a", "", parent);
  link.href = url;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  return link;
}

// Discord's markdown, built as nodes.

const MARKS = [
  ["***", ["strong", "em"]], ["**", ["strong"]], ["__", ["u"]], ["~~", ["s"]], ["||", ["span"]], ["*", ["em"]], ["_", ["em"]],
];

function closing(source, from, mark) {
  for (let at = from; at < source.length; at += 1) {
    if (source[at] === "\\") { at += 1; continue; }
    if (!source.startsWith(mark, at) || at === from) continue;
    if (mark === "_" && /\w/.test(source[at + 1] ?? "")) continue;
    if (mark === "*" && (source[at + 1] === "*" || /\s/.test(source[at - 1]))) continue;
    return at;
  }
  return -1;
}

function inline(source, into) {
  let plain = "";
  const flush = () => { if (plain) { into.append(plain); plain = ""; } };
  let at = 0;
  while (at < source.length) {
    const rest = source.slice(at);
    if (rest[0] === "\\" && /^\\[!-/:-@[-`{-~]/.test(rest)) { plain += rest[1]; at += 2; continue; }
    const used = piece(rest, source[at - 1], into, flush);
    if (used) { at += used; } else { plain += source[at]; at += 1; }
  }
  flush();
}

function piece(rest, before, into, flush) {
  let found = /^(`+)([\s\S]*?[^`])\1(?!`)/.exec(rest);
  if (found) { flush(); make("code", "", into, found[2].trim()); return found[0].length; }
  found = /^\[((?:\\.|[^\]\\\n])+)\]\((https?:\/\/[^\s)]+)\)/.exec(rest);
  if (found) { flush(); inline(found[1], anchor(found[2], into)); return found[0].length; }
  found = /^<(@[!&]?|#)(\d+)>/.exec(rest);
  if (found) { flush(); make("span", "mention", into, (found[1] === "#" ? "#" : "@") + (found[1] === "@&" ? "role " : "") + found[2]); return found[0].length; }
  found = /^<t:(\d+)(?::\w)?>/.exec(rest);
  if (found) { flush(); make("span", "mention", into, when(new Date(Number(found[1]) * 1000))); return found[0].length; }
  found = /^@(everyone|here)\b/.exec(rest);
  if (found) { flush(); make("span", "mention", into, found[0]); return found[0].length; }
  found = /^https?:\/\/[^\s<>]*[^\s<>.,:;"')\]]/.exec(rest);
  if (found) { flush(); anchor(found[0], into).textContent = found[0]; return found[0].length; }
  for (const [mark, tags] of MARKS) {
    if (!rest.startsWith(mark) || (mark === "_" && /\w/.test(before ?? "")) || /^\s/.test(rest.slice(mark.length))) continue;
    const end = closing(rest, mark.length, mark);
    if (end < 0) continue;
    flush();
    const inner = tags.reduce((parent, tag) => make(tag, tag === "span" ? "spoiler" : "", parent), into);
    inline(rest.slice(mark.length, end), inner);
    return end + mark.length;
  }
  return 0;
}

function blocks(source, into) {
  for (const part of source.split(/(```[\s\S]*?```)/)) {
    if (part.startsWith("```") && part.length > 6) {
      const code = part.slice(3, -3).replace(/^[a-z]*\n/, "");
      make("code", "", make("pre", "", into), code);
    } else {
      lines(part, into);
    }
  }
}

function lines(source, into) {
  source.split("\n").forEach((line, number) => {
    const quote = /^> (.*)/.exec(line);
    const heading = /^#{1,3} (.*)/.exec(line);
    const small = /^-# (.*)/.exec(line);
    const bullet = /^\s*[-*] (.*)/.exec(line);
    if (quote) inline(quote[1], make("blockquote", "", into));
    else if (heading) inline(heading[1], make("div", "heading", into));
    else if (small) inline(small[1], make("div", "footer", into));
    else if (bullet) { const item = make("div", "bullet", into, "• "); inline(bullet[1], item); }
    else {
      const last = into.lastChild;
      if (number > 0 && !(last instanceof HTMLElement && /^(DIV|BLOCKQUOTE|PRE)$/.test(last.tagName))) into.append("\n");
      inline(line, into);
    }
  });
}

function when(date) {
  const clock = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 86400000);
  if (days === 0) return `Today at ${clock}`;
  if (days === 1) return `Yesterday at ${clock}`;
  return `${date.toLocaleDateString()} ${clock}`;
}

// Messages.

function fieldRows(fields) {
  const rows = [];
  for (const field of fields) {
    const row = rows.at(-1);
    if (field.inline && row?.[0].inline && row.length < 3) row.push(field); else rows.push([field]);
  }
  return rows;
}

function drawEmbed(embed, into) {
  const box = make("article", "embed", into);
  if (Number.isInteger(embed.color)) box.style.borderLeftColor = `#${embed.color.toString(16).padStart(6, "0")}`;
  if (embed.author?.name) make("div", "author", box, embed.author.name);
  if (embed.title) {
    const title = make("div", "title", box);
    inline(embed.title, isWeb(embed.url) ? anchor(embed.url, title) : title);
  }
  if (embed.description) blocks(embed.description, make("div", "description", box));
  if (embed.fields?.length) {
    const grid = make("div", "fields", box);
    for (const row of fieldRows(embed.fields)) {
      for (const field of row) {
        const cell = make("div", row.length > 1 ? `field of${row.length}` : "field", grid);
        inline(field.name, make("div", "label", cell));
        blocks(field.value, make("div", "value", cell));
      }
    }
  }
  const stamp = embed.timestamp ? when(new Date(embed.timestamp)) : "";
  const footer = [embed.footer?.text, stamp].filter(Boolean).join("  •  ");
  if (footer) make("div", "footer", box, footer);
}

function draw(message) {
  const item = document.getElementById("message").content.cloneNode(true).firstElementChild;
  const find = (name) => item.querySelector(`.${name}`);
  find("name").textContent = message.username;
  const time = item.querySelector("time");
  time.textContent = when(new Date(message.posted));
  time.dateTime = message.posted;
  time.title = new Date(message.posted).toLocaleString();
  if (message.content) blocks(message.content, find("content"));
  message.embeds.forEach((embed) => drawEmbed(embed, find("embeds")));
  if (message.edits > 0) make("span", "edited", message.embeds.length ? find("by") : find("content"), "(edited)");
  for (const row of message.components) {
    const line = make("div", "row", find("buttons"));
    for (const button of row.components ?? []) {
      if (!isWeb(button.url)) continue;
      const link = anchor(button.url, line);
      link.className = "button";
      link.textContent = button.label ?? button.url;
    }
  }
  return item;
}

function apply(feed) {
  const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
  for (const message of feed.messages) {
    const item = draw(message);
    if (!first) item.classList.add("fresh");
    const old = shown.get(message.id);
    if (old) old.replaceWith(item); else list.append(item);
    shown.set(message.id, item);
  }
  const there = new Set(feed.ids);
  for (const [id, item] of shown) {
    if (!there.has(id)) { item.remove(); shown.delete(id); }
  }
  document.getElementById("empty").hidden = shown.size > 0;
  state.textContent = shown.size === 1 ? "1 message" : `${shown.size} messages`;
  if (first || (atEnd && feed.messages.length)) scroll.scrollTop = scroll.scrollHeight;
  version = feed.version;
  first = false;
}

async function poll() {
  try {
    const answer = await fetch(`/_sim/messages?after=${version}`);
    const feed = await answer.json();
    if (feed.version < version) { location.reload(); return; }
    apply(feed);
  } catch {
    state.textContent = "not connected, trying again";
  }
  setTimeout(poll, 700);
}

poll();

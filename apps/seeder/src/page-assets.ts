// The page's style and its script. They are files of their own for the browser, so that the page may forbid all inline code.

export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #f4f7f8; --card: #ffffff; --ink: #14242b; --soft: #53666f; --line: #d7e0e4; --sea: #0b6b84; --on-sea: #ffffff; --fault: #a3261c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #0d1518; --card: #152126; --ink: #e4edf0; --soft: #9db0b8; --line: #2a3a41; --sea: #6cc6dd; --on-sea: #06222b; --fault: #ff9d92;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 64rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif;
}
h1 { margin: 0; font-size: 1.5rem; letter-spacing: -0.01em; }
h2 { margin: 0; font-size: 1.125rem; font-weight: 600; overflow-wrap: anywhere; }
a { color: var(--sea); }
a:focus-visible, summary:focus-visible { outline: 2px solid var(--sea); outline-offset: 2px; }
.summary { margin: 0.25rem 0 1.5rem; color: var(--soft); }
.dot { padding: 0 0.15rem; }
.notice, article { background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; }
.notice { margin: 0 0 1rem; padding: 0.75rem 1rem; overflow-wrap: anywhere; }
article { margin: 0 0 1rem; padding: 1rem; }
.title { display: flex; gap: 1rem; align-items: flex-start; justify-content: space-between; }
.get {
  flex: none; padding: 0.45rem 0.8rem; border-radius: 0.375rem; background: var(--sea); color: var(--on-sea);
  font-size: 0.9375rem; font-weight: 600; text-decoration: none;
}
.fault { margin: 0.5rem 0 0; color: var(--fault); overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: 0.5rem 1rem; margin: 0.75rem 0; }
dt { color: var(--soft); font-size: 0.8125rem; }
dd { margin: 0; font-variant-numeric: tabular-nums; }
.hash { margin: 0 0 0.5rem; color: var(--soft); font-size: 0.8125rem; }
code { color: var(--ink); font: 0.8125rem/1.5 ui-monospace, monospace; overflow-wrap: anywhere; user-select: all; }
.tag { padding: 0 0.4rem; border: 1px solid var(--line); border-radius: 0.25rem; }
summary { width: fit-content; padding: 0.25rem 0; color: var(--soft); cursor: pointer; }
details ul { margin: 0.25rem 0 0; padding: 0; list-style: none; }
li { display: flex; gap: 1rem; justify-content: space-between; padding: 0.3rem 0; border-top: 1px solid var(--line); }
li bdi { min-width: 0; overflow-wrap: anywhere; }
li span { flex: none; color: var(--soft); font-variant-numeric: tabular-nums; }
nav { display: flex; gap: 1rem; justify-content: center; margin: 1rem 0; }
footer { margin-top: 2rem; color: var(--soft); font-size: 0.875rem; }
`;

/** Takes the figures over from a fresh copy of the page; the whole list where a torrent came, went or failed. */
export const SCRIPT = `
const refresh = async () => {
  if (document.hidden) return;
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const shape = (page) => page.querySelectorAll('article, .notice, .fault').length;
  if (shape(fresh) !== shape(document)) {
    document.querySelector('header').replaceWith(fresh.querySelector('header'));
    document.querySelector('main').replaceWith(fresh.querySelector('main'));
    return;
  }
  for (const cell of fresh.querySelectorAll('[data-live]')) {
    const shown = document.getElementById(cell.id);
    if (shown) shown.textContent = cell.textContent;
  }
};
setInterval(() => refresh().catch(() => undefined), 3000);
`;

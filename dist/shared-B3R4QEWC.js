import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{a as o}from"./shared-CQ6DFY2X.js";import{h as p,k as g,m as $,n as b,o as y}from"./shared-RNPGO6HJ.js";var k=["anon","user","user-anonymous","service_role"],v={none:"nothing",own:"own rows",all:"all rows",conditional:"some rows",unknown:"not known"};function q(e){let r=e.projects.length>1,n=e.projects.map(t=>C(t,r)).join(`
`);return`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>Who can do what</title>
<style>${E}</style>
</head>
<body>
<header>
<h1>Who can do what</h1>
<p>${o(p($(e)))}. ${o(p(y(b(e))))}.</p>
<label>Filter <input id="filter" type="search" placeholder="table, role, command \u2026" autocomplete="off"></label>
<label><input id="changed" type="checkbox"> only what changes</label>
</header>
<main>
${n||"<p>No object was probed.</p>"}
</main>
<script>${L}</script>
</body>
</html>
`}function C(e,r){let{objects:n}=e.access;if(n.length===0)return"";let t=k.filter(s=>n.some(a=>a.summary.some(f=>f.principal===s))),c=t.map(s=>`<th scope="col">${o(s)}</th>`).join(""),d=n.map(s=>R(s,e,t)).join(`
`);return`<section>${r?`<h2>${o(e.path)}</h2>`:""}
<table>
<thead><tr><th scope="col">Object</th>${c}</tr></thead>
<tbody>
${d}
</tbody>
</table></section>`}function R(e,r,n){let t=g(r).filter(a=>a.object===e.object),c=n.map(a=>`<td>${e.summary.filter(i=>i.principal===a).map(({command:i,access:m})=>{let h=t.find(l=>l.principal===a&&l.command===i),j=h===void 0?"":` <small>was ${o(v[h.before??""]??String(h.before))}</small>`,x=e.cells.filter(l=>l.principal===a&&l.command===i),u=`<span class="access ${o(m)}">${o(i)}: ${o(v[m]??m)}</span>${j}`,w=x.map(A).join("");return w===""?`<div>${u}</div>`:`<details><summary>${u}</summary>${w}</details>`}).join("")}</td>`),d=e.rls===null||e.rls?"":' <small class="off">RLS off</small>',s=e.ownerColumns.length>0?`<small>owner: ${o(e.ownerColumns.join(", "))}</small>`:"";return`<tr data-changed="${t.length>0}"><th scope="row"><code>${o(e.object)}</code> <small>${o(e.kind)}</small>${d}${s}</th>${c.join("")}</tr>`}function A(e){let r=[`${e.subject} row: <b>${o(e.outcome)}</b>`,e.columns.length>0?`columns ${o(e.columns.join(", "))}`:"",e.when===null?"":`only ${o(e.when)}`,e.via===null?"":`through <code>${o(e.via)}</code>`,e.representation?"":"without RETURNING",e.reason===null?"":o(e.reason)].filter(Boolean),n=e.proof.map(t=>`-- as ${t.as}
${t.sql}
-- \u2192 ${t.result}`).join(`

`);return`<p>${r.join("; ")}</p>${n===""?"":`<pre>${o(n)}</pre>`}`}var E=`
:root { color-scheme: light dark; --line: #d1d9e0; --soft: #59636e; --bad: #d1242f; --good: #1a7f37; --mind: #9a6700; }
@media (prefers-color-scheme: dark) { :root { --line: #3d444d; --soft: #9198a1; --bad: #f85149; --good: #3fb950; --mind: #d29922; } }
body { font: 14px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 80rem; padding: 1rem 1.5rem; }
header { margin-bottom: 1rem; } h1 { font-size: 1.5rem; margin: .5rem 0; } header label { margin-right: 1.5rem; }
input[type=search] { font: inherit; padding: .3rem .5rem; width: 18rem; max-width: 100%; }
table { border-collapse: collapse; width: 100%; } th, td { border: 1px solid var(--line); padding: .4rem .6rem; text-align: left; vertical-align: top; }
thead th { position: sticky; top: 0; background: Canvas; } th[scope=row] { font-weight: 500; } small { color: var(--soft); display: inline-block; } th small { margin-right: .4rem; }
.all { color: var(--bad); font-weight: 600; } .own { color: var(--good); } .conditional, .unknown, .off { color: var(--mind); } .none { color: var(--soft); }
td:last-child .all { color: inherit; font-weight: inherit; }
summary { cursor: pointer; } pre { overflow: auto; padding: .6rem; border: 1px solid var(--line); border-radius: 6px; font-size: 12px; max-width: 40rem; white-space: pre-wrap; } details p { margin: .4rem 0; }
`,L=`
const rows = [...document.querySelectorAll('tbody tr')];
const filter = document.getElementById('filter');
const changed = document.getElementById('changed');
const show = () => {
  const words = filter.value.toLowerCase().split(/\\s+/).filter(Boolean);
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word)) || (changed.checked && row.dataset.changed !== 'true');
  }
};
filter.addEventListener('input', show);
changed.addEventListener('change', show);
`;export{q as a};

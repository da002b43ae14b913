import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{a as o}from"./shared-JLFD4T53.js";import{h as p,l as g,m as $,o as b,p as y,q as v}from"./shared-XF7FLSDU.js";var C=["anon","user","user-anonymous","service_role"],j={none:"nothing",own:"own rows",all:"all rows",conditional:"some rows",unknown:"not known"};function I(e){let r=e.projects.length>1,n=e.projects.map(t=>R(t,r)).join(`
`);return`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>Who can do what</title>
<style>${L}</style>
</head>
<body>
<header>
<h1>Who can do what</h1>
<p>${o(p(b(e)))}. ${o(p(v(y(e))))}.</p>
<label>Filter <input id="filter" type="search" placeholder="table, role, command \u2026" autocomplete="off"></label>
<label><input id="changed" type="checkbox"> only what changes</label>
</header>
<main>
${n||"<p>No object was probed.</p>"}
</main>
<script>${B}</script>
</body>
</html>
`}function R(e,r){let{objects:n}=e.access;if(n.length===0)return"";let t=C.filter(s=>n.some(a=>a.summary.some(f=>f.principal===s))),d=t.map(s=>`<th scope="col">${o(s)}</th>`).join(""),m=n.map(s=>A(s,e,t)).join(`
`);return`<section>${r?`<h2>${o(e.path)}</h2>`:""}
<table>
<thead><tr><th scope="col">Object</th>${d}</tr></thead>
<tbody>
${m}
</tbody>
</table></section>`}function A(e,r,n){let t=g(r).filter(a=>a.object===e.object),d=n.map(a=>`<td>${e.summary.filter(l=>l.principal===a).map(({command:l,access:h})=>{let i=t.find(c=>c.principal===a&&c.command===l),x=i===void 0?"":i.before===i.after?` <small>${o($(i))}</small>`:` <small>was ${o(j[i.before??""]??String(i.before))}</small>`,k=e.cells.filter(c=>c.principal===a&&c.command===l),u=`<span class="access ${o(h)}">${o(l)}: ${o(j[h]??h)}</span>${x}`,w=k.map(E).join("");return w===""?`<div>${u}</div>`:`<details><summary>${u}</summary>${w}</details>`}).join("")}</td>`),m=e.rls===null||e.rls?"":' <small class="off">RLS off</small>',s=e.ownerColumns.length>0?`<small>owner: ${o(e.ownerColumns.join(", "))}</small>`:"";return`<tr data-changed="${t.length>0}"><th scope="row"><code>${o(e.object)}</code> <small>${o(e.kind)}</small>${m}${s}</th>${d.join("")}</tr>`}function E(e){let r=[`${e.subject} row: <b>${o(e.outcome)}</b>`,e.columns.length>0?`columns ${o(e.columns.join(", "))}`:"",e.when===null?"":`only ${o(e.when)}`,e.via===null?"":`through <code>${o(e.via)}</code>`,e.representation?"":"without RETURNING",e.reason===null?"":o(e.reason)].filter(Boolean),n=e.proof.map(t=>`-- as ${t.as}
${t.sql}
-- \u2192 ${t.result}`).join(`

`);return`<p>${r.join("; ")}</p>${n===""?"":`<pre>${o(n)}</pre>`}`}var L=`
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
`,B=`
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
`;export{I as a};

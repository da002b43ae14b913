import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{a as t,i as x,j}from"./shared-BBJ6TDC2.js";import{h,n as g,o as $,q as b,r as y}from"./shared-FIY5S2T2.js";import{e as v}from"./shared-IKJWHD2A.js";var R=["anon","user","user-anonymous","service_role"];function S(e){let s=e.projects.length>1,n=e.projects.map(o=>P(o,s)).join(`
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
<p>${t(h(b(e)))}. ${t(h(y(e)))}.</p>
<label>Filter <input id="filter" type="search" placeholder="table, role, command \u2026" autocomplete="off"></label>
<label><input id="changed" type="checkbox"> only what changes</label>
</header>
<main>
${n||"<p>No object was probed.</p>"}
</main>
<script>${W}</script>
</body>
</html>
`}function P(e,s){let{objects:n}=e.access;if(n.length===0)return"";let o=R.filter(a=>n.some(r=>r.summary.some(p=>p.principal===a))),d=o.map(a=>`<th scope="col">${t(a)}</th>`).join(""),m=n.map(a=>A(a,e,o)).join(`
`);return`<section>${s?`<h2>${t(e.path)}</h2>`:""}
<table>
<thead><tr><th scope="col">Object</th>${d}</tr></thead>
<tbody>
${m}
</tbody>
</table></section>`}function A(e,s,n){let o=g(s).filter(r=>r.object===e.object),d=n.map(r=>`<td>${e.summary.filter(i=>i.principal===r).map(({command:i,access:f})=>{let l=o.find(c=>c.principal===r&&c.command===i),C=l===void 0?"":l.before===l.after?` <small>${t($(l))}</small>`:` <small>was ${t(x(l.before))}</small>`,k=e.cells.filter(c=>c.principal===r&&c.command===i),u=`<span class="access ${t(f)}">${t(i)}: ${t(j(e,{principal:r,command:i,access:f}))}</span>${C}`,w=k.map(E).join("");return w===""?`<div>${u}</div>`:`<details><summary>${u}</summary>${w}</details>`}).join("")}</td>`),m=e.rls===null||e.rls?"":' <small class="off">RLS off</small>',a=e.ownerColumns.length>0?`<small>owner: ${t(e.ownerColumns.join(", "))}</small>`:"";return`<tr data-changed="${o.length>0}"><th scope="row"><code>${t(e.object)}</code> <small>${t(e.kind)}</small>${m}${a}</th>${d.join("")}</tr>`}function E(e){let s=[`${e.subject} row: <b>${t(e.outcome)}</b>`,e.columns.length>0?`columns ${t(e.columns.join(", "))}`:"",e.when===null?"":`only ${t(v(e.when))}`,e.via===null?"":`through <code>${t(e.via)}</code>`,e.representation?"":"without RETURNING",e.reason===null?"":t(e.reason)].filter(Boolean),n=e.proof.map(o=>`-- as ${o.as}
${o.sql}
-- \u2192 ${o.result}`).join(`

`);return`<p>${s.join("; ")}</p>${n===""?"":`<pre>${t(n)}</pre>`}`}var L=`
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
`,W=`
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
`;export{S as a};

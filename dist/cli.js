#!/usr/bin/env node
import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{b as c,d}from"./shared-J4M2NRCV.js";import"./shared-PBMQ5JBH.js";import{a as s,g as l}from"./shared-PHQFFE64.js";import{a}from"./shared-N6D4JTQC.js";var o={check:{summary:"lint, replay, probe and roll back what changed",load:a(async()=>(await import("./shared-RKU6XMMA.js")).check,"load")},lint:{summary:"read the SQL only; --fix mends what is certain",load:a(async()=>(await import("./shared-U73KBUT4.js")).lint,"load")},rules:{summary:"list every rule",load:a(async()=>(await import("./shared-IMMFUAV7.js")).rules,"load")},explain:{summary:"say what a rule means and what to do",load:a(async()=>(await import("./shared-KJNU2MCI.js")).explain,"load")},new:{summary:"write a migration with the house structure",load:a(async()=>(await import("./shared-ZX4MLOK4.js")).newMigration,"load")}};async function h(r,n){let[e,...i]=r,m=a(t=>n.stderr.write(`migration-guard: ${t}
`),"say");try{if(e===void 0||e==="--help"||e==="-h"||e==="help")return n.stdout.write(g()),e===void 0?2:0;if(e==="--version"||e==="-v")return n.stdout.write(`${d}
`),0;let t=Object.hasOwn(o,e)?o[e]:void 0;if(t===void 0){let u=l(e,Object.keys(o));throw new s(`There is no command "${e}".${u===null?"":` Did you mean "${u}"?`} See "migration-guard --help".`)}return await(await t.load())(i,n)}catch(t){return t instanceof s?(m(t.message),2):(m(t instanceof c?t.message:f(t)),3)}}a(h,"run");function f(r){return`The guard itself failed, which is a defect of it and not of your migrations. Please report it with this:
${r instanceof Error?r.stack??r.message:String(r)}`}a(f,"unexpected");function g(){let r=Math.max(...Object.keys(o).map(e=>e.length)),n=Object.entries(o).map(([e,{summary:i}])=>`  ${e.padEnd(r)}  ${i}`);return`Supabase Migration Guard ${d}: what a migration will really do, before you merge it.

Usage: migration-guard COMMAND [OPTIONS]

${n.join(`
`)}

What to look at
  --project DIR          folder that holds supabase/ (default: the nearest)
  --base REF             compare with this commit (default: the merge base with the default branch)
  --changed FILE\u2026        take these files as the change
  --all                  judge every migration, each on top of those before it
How
  --database-url URL     replay on this throw-away Postgres instead of the embedded one
  --baseline FILE        lay this dump of the schema down first
  --config FILE          configuration (default: supabase/migration-guard.yml)
What to say
  --format FORMAT        pretty, json, sarif, markdown or github
  --output FILE          write there instead of standard output
  --fail-on SEVERITY     error (default), warning or never

Exit code: 0 nothing at or above --fail-on, 1 findings, 2 wrong usage or configuration, 3 could not do its work.
`}a(g,"help");process.exitCode=await h(process.argv.slice(2),{cwd:process.cwd(),stdout:process.stdout,stderr:process.stderr,env:process.env});

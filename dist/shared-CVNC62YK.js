import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{a as s}from"./shared-ZGOPVDVT.js";import{a as u}from"./shared-CGG2EDHZ.js";import"./shared-O3CA2D3X.js";import{e as h}from"./shared-ALESSBFN.js";import"./shared-IE2NDA7H.js";import{a as i}from"./shared-7PIWU63R.js";import"./shared-CMHGUJ7R.js";var n={check:{summary:"lint, replay, probe and roll back what changed",load:async()=>(await import("./shared-GR3GHIBY.js")).check},lint:{summary:"read the SQL only; --fix mends what is certain",load:async()=>(await import("./shared-DOQF7PQH.js")).lint},rules:{summary:"list every rule",load:async()=>(await import("./shared-TLZWGQMZ.js")).rules},explain:{summary:"say what a rule means and what to do",load:async()=>(await import("./shared-HPGP2664.js")).explain},access:{summary:"show who reaches which rows",load:async()=>(await import("./shared-YN6WSFDN.js")).access},rollback:{summary:"print or write the way back of a migration",load:async()=>(await import("./shared-CAJDTFCW.js")).rollback},init:{summary:"write the workflow and the configuration",load:async()=>(await import("./shared-PFICGMG2.js")).init},status:{summary:"list the migrations as the Supabase CLI will run them",load:async()=>(await import("./shared-GP3TBZ3W.js")).status},new:{summary:"write a migration with the house structure",load:async()=>(await import("./shared-BOQ65HID.js")).newMigration}};async function p(e,r){let[t,...o]=e,m=a=>r.stderr.write(`migration-guard: ${a}
`);try{if(t===void 0||t==="--help"||t==="-h"||t==="help")return r.stdout.write(l()),t===void 0?2:0;if(t==="--version"||t==="-v")return r.stdout.write(`${s}
`),0;let a=Object.hasOwn(n,t)?n[t]:void 0;if(a===void 0){let d=h(t,Object.keys(n));throw new i(`There is no command "${t}".${d===null?"":` Did you mean "${d}"?`} See "migration-guard --help".`)}return o.includes("--help")||o.includes("-h")?(r.stdout.write(l()),0):await(await a.load())(o,r)}catch(a){return a instanceof i?(m(a.message),2):(m(a instanceof u?a.message:c(a)),3)}}function c(e){return`The guard itself failed, which is a defect of it and not of your migrations. Please report it with this:
${e instanceof Error?e.stack??e.message:String(e)}`}function l(){let e=Math.max(...Object.keys(n).map(t=>t.length)),r=Object.entries(n).map(([t,{summary:o}])=>`  ${t.padEnd(e)}  ${o}`);return`Supabase Migration Guard ${s}: what a migration will really do, before you merge it.

Usage: migration-guard COMMAND [OPTIONS]

${r.join(`
`)}

What to look at
  --project DIR          folder that holds supabase/ (default: the nearest)
  --base REF             compare with this commit (default: the merge base with the default branch)
  --changed FILE\u2026        take these files as the change
  --all                  judge every migration, each on top of those before it
How
  --database-url URL     replay on this throw-away Postgres instead of the embedded one
  --baseline FILE        lay this dump of the schema down first
  --remote-url URL       read the migration history of this database (read-only): what it has run is not new
  --config FILE          configuration (default: supabase/migration-guard.yml)
What to say
  --format FORMAT        pretty, json, sarif, markdown or github
  --output FILE          write there instead of standard output
  --fail-on SEVERITY     error (default), warning or never

Exit code: 0 nothing at or above --fail-on, 1 findings, 2 wrong usage or configuration, 3 could not do its work.
`}export{p as run};

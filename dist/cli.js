#!/usr/bin/env node
import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{a as d}from"./shared-ZGOPVDVT.js";import{a as c}from"./shared-AKQ2D3ZT.js";import"./shared-NZSYJQ5V.js";import"./shared-PBMQ5JBH.js";import{a as s,h as l}from"./shared-WUWAS5ZD.js";import{a as e}from"./shared-N6D4JTQC.js";var o={check:{summary:"lint, replay, probe and roll back what changed",load:e(async()=>(await import("./shared-FZEW3NBF.js")).check,"load")},lint:{summary:"read the SQL only; --fix mends what is certain",load:e(async()=>(await import("./shared-VHTEZTAK.js")).lint,"load")},rules:{summary:"list every rule",load:e(async()=>(await import("./shared-V2EE26WB.js")).rules,"load")},explain:{summary:"say what a rule means and what to do",load:e(async()=>(await import("./shared-RQBKCVUM.js")).explain,"load")},init:{summary:"write the workflow and the configuration",load:e(async()=>(await import("./shared-RZ3D6OZ7.js")).init,"load")},status:{summary:"list the migrations as the Supabase CLI will run them",load:e(async()=>(await import("./shared-HLEJAYB4.js")).status,"load")},new:{summary:"write a migration with the house structure",load:e(async()=>(await import("./shared-U225QUAY.js")).newMigration,"load")}};async function h(r,n){let[t,...i]=r,m=e(a=>n.stderr.write(`migration-guard: ${a}
`),"say");try{if(t===void 0||t==="--help"||t==="-h"||t==="help")return n.stdout.write(g()),t===void 0?2:0;if(t==="--version"||t==="-v")return n.stdout.write(`${d}
`),0;let a=Object.hasOwn(o,t)?o[t]:void 0;if(a===void 0){let u=l(t,Object.keys(o));throw new s(`There is no command "${t}".${u===null?"":` Did you mean "${u}"?`} See "migration-guard --help".`)}return await(await a.load())(i,n)}catch(a){return a instanceof s?(m(a.message),2):(m(a instanceof c?a.message:f(a)),3)}}e(h,"run");function f(r){return`The guard itself failed, which is a defect of it and not of your migrations. Please report it with this:
${r instanceof Error?r.stack??r.message:String(r)}`}e(f,"unexpected");function g(){let r=Math.max(...Object.keys(o).map(t=>t.length)),n=Object.entries(o).map(([t,{summary:i}])=>`  ${t.padEnd(r)}  ${i}`);return`Supabase Migration Guard ${d}: what a migration will really do, before you merge it.

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
`}e(g,"help");process.exitCode=await h(process.argv.slice(2),{cwd:process.cwd(),stdout:process.stdout,stderr:process.stderr,env:process.env});

#!/usr/bin/env node
import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{a as d}from"./shared-ZGOPVDVT.js";import{a as u}from"./shared-UU46D5E5.js";import"./shared-PBMQ5JBH.js";import"./shared-NZSYJQ5V.js";import{a as s,i as l}from"./shared-NCV64JUZ.js";import{a}from"./shared-N6D4JTQC.js";var n={check:{summary:"lint, replay, probe and roll back what changed",load:a(async()=>(await import("./shared-U64NVJUN.js")).check,"load")},lint:{summary:"read the SQL only; --fix mends what is certain",load:a(async()=>(await import("./shared-45B6DZQH.js")).lint,"load")},rules:{summary:"list every rule",load:a(async()=>(await import("./shared-PBJLACBQ.js")).rules,"load")},explain:{summary:"say what a rule means and what to do",load:a(async()=>(await import("./shared-MJQOTACV.js")).explain,"load")},access:{summary:"show who reaches which rows",load:a(async()=>(await import("./shared-BR7GIM6J.js")).access,"load")},rollback:{summary:"print or write the way back of a migration",load:a(async()=>(await import("./shared-JQDIMEG4.js")).rollback,"load")},init:{summary:"write the workflow and the configuration",load:a(async()=>(await import("./shared-COKCXSR4.js")).init,"load")},status:{summary:"list the migrations as the Supabase CLI will run them",load:a(async()=>(await import("./shared-RSSS7JD6.js")).status,"load")},new:{summary:"write a migration with the house structure",load:a(async()=>(await import("./shared-Y2YWY5W5.js")).newMigration,"load")}};async function h(r,o){let[t,...i]=r,m=a(e=>o.stderr.write(`migration-guard: ${e}
`),"say");try{if(t===void 0||t==="--help"||t==="-h"||t==="help")return o.stdout.write(f()),t===void 0?2:0;if(t==="--version"||t==="-v")return o.stdout.write(`${d}
`),0;let e=Object.hasOwn(n,t)?n[t]:void 0;if(e===void 0){let c=l(t,Object.keys(n));throw new s(`There is no command "${t}".${c===null?"":` Did you mean "${c}"?`} See "migration-guard --help".`)}return await(await e.load())(i,o)}catch(e){return e instanceof s?(m(e.message),2):(m(e instanceof u?e.message:w(e)),3)}}a(h,"run");function w(r){return`The guard itself failed, which is a defect of it and not of your migrations. Please report it with this:
${r instanceof Error?r.stack??r.message:String(r)}`}a(w,"unexpected");function f(){let r=Math.max(...Object.keys(n).map(t=>t.length)),o=Object.entries(n).map(([t,{summary:i}])=>`  ${t.padEnd(r)}  ${i}`);return`Supabase Migration Guard ${d}: what a migration will really do, before you merge it.

Usage: migration-guard COMMAND [OPTIONS]

${o.join(`
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
`}a(f,"help");process.exitCode=await h(process.argv.slice(2),{cwd:process.cwd(),stdout:process.stdout,stderr:process.stderr,env:process.env});

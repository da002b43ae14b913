import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{a as l}from"./shared-ZGOPVDVT.js";import{a as f}from"./shared-RUAUEAF7.js";import"./shared-BH46LLEX.js";import{a as p}from"./shared-4Z7L52NG.js";import"./shared-IE2NDA7H.js";import{b as d}from"./shared-K3X4Z7AT.js";import"./shared-CMHGUJ7R.js";var n="--project DIR          folder that holds supabase/ (default: the nearest)",w=[n,"--base REF             compare with this commit (default: the merge base with the default branch)","--changed FILE\u2026        take these files as the change; FILE without the option does the same","--all                  judge every migration, each on top of those before it"],c="--config FILE          configuration (default: supabase/migration-guard.yml)",i="--output FILE          write there instead of standard output",m="--grants-era ERA       automatic, explicit or auto (default, by the date in the file names): whether new tables are granted to the API roles",u=["--database-url URL     replay on this throw-away Postgres instead of the embedded one","--baseline FILE        lay this dump of the schema down first"],y=[c,"--preset PRESET        recommended (default) or strict",m,"--format FORMAT        pretty, json, sarif, markdown or github",i,"--fail-on SEVERITY     error (default), warning or never"],E={check:{usage:"check [FILE\u2026] [OPTIONS]",options:[...w,...u,"--remote-url URL       read the migration history of this database (read-only): what it has run is not new","--require checked      what could not be checked fails too",...y]},lint:{usage:"lint [FILE\u2026] [--fix] [OPTIONS]",options:["--fix                  mend on disk what is certain; with --all, what the default branch has is left alone",...w,...y]},access:{usage:"access [OBJECT\u2026] [--write] [--emit pgtap] [OPTIONS]",options:['OBJECT                 only these, as in "public.notes" or "notes"',"--write                write what is seen into the configuration, as expected access","--emit pgtap           print it as pgTAP tests","--format FORMAT        pretty, markdown, html or json",i,n,c,m,...u]},rollback:{usage:"rollback FILE [--write migration|companion] [OPTIONS]",options:["--write migration      write it as the newest migration","--write companion      write it to supabase/rollback/, where nothing runs by itself",i,n,c,m,...u]},init:{usage:"init [--server]",options:["--server               a workflow with a Postgres service",n]},status:{usage:"status [OPTIONS]",options:["--remote-url URL       say which of them this database has run (read-only)","--base REF             say what differs from this commit (default: the merge base with the default branch)","--all                  without git","--format FORMAT        pretty or json",i,n]},new:{usage:'new "what it does"',options:[n]},rules:{usage:"rules [OPTIONS]",options:["--format FORMAT        pretty or json",i]},explain:{usage:"explain RULE",options:[]}};function b(a,o){let{usage:t,options:r}=E[a],h=r.length===0?"":`
${r.map(e=>`  ${e}
`).join("")}`;return`migration-guard ${a}: ${o}

Usage: migration-guard ${t}
${h}`}var s={check:{summary:"lint, replay, probe and roll back what changed",load:async()=>(await import("./shared-57MWF5VF.js")).check},lint:{summary:"read the SQL only; --fix mends what is certain",load:async()=>(await import("./shared-QDY6EOXJ.js")).lint},rules:{summary:"list every rule",load:async()=>(await import("./shared-DJ5BHEPN.js")).rules},explain:{summary:"say what a rule means and what to do",load:async()=>(await import("./shared-EO2WT5U7.js")).explain},access:{summary:"show who reaches which rows",load:async()=>(await import("./shared-7RT7WZKP.js")).access},rollback:{summary:"print or write the way back of a migration",load:async()=>(await import("./shared-7FMGMWSD.js")).rollback},init:{summary:"write the workflow and the configuration",load:async()=>(await import("./shared-CHOMPOVO.js")).init},status:{summary:"list the migrations as the Supabase CLI will run them",load:async()=>(await import("./shared-DWDRPBIE.js")).status},new:{summary:"write a migration with the house structure",load:async()=>(await import("./shared-KFZGUIWW.js")).newMigration}};async function P(a,o){let[t,...r]=a,h=e=>o.stderr.write(`migration-guard: ${e}
`);try{if(t===void 0||t==="--help"||t==="-h"||t==="help")return o.stdout.write(k()),t===void 0?2:0;if(t==="--version"||t==="-v")return o.stdout.write(`${l}
`),0;let e=Object.hasOwn(s,t)?s[t]:void 0;if(e===void 0){let g=p(t,Object.keys(s));throw new d(`There is no command "${t}".${g===null?"":` Did you mean "${g}"?`} See "migration-guard --help".`)}return r.includes("--help")||r.includes("-h")?(o.stdout.write(b(t,e.summary)),0):await(await e.load())(r,o)}catch(e){return e instanceof d?(h(e.message),2):(h(e instanceof f?e.message:O(e)),3)}}function O(a){return`The guard itself failed, which is a defect of it and not of your migrations. Please report it with this:
${a instanceof Error?a.stack??a.message:String(a)}`}function k(){let a=Math.max(...Object.keys(s).map(t=>t.length)),o=Object.entries(s).map(([t,{summary:r}])=>`  ${t.padEnd(a)}  ${r}`);return`Supabase Migration Guard ${l}: what a migration will really do, before you merge it.

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
  --remote-url URL       read the migration history of this database (read-only): what it has run is not new
  --config FILE          configuration (default: supabase/migration-guard.yml)
What to say
  --format FORMAT        pretty, json, sarif, markdown or github
  --output FILE          write there instead of standard output
  --fail-on SEVERITY     error (default), warning or never

Exit code: 0 nothing at or above --fail-on, 1 findings, 2 wrong usage or configuration, 3 could not do its work.
`}export{P as run};

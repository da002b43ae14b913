import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{b as d}from"./shared-TDNWUWYV.js";import{a as p}from"./shared-NZSYJQ5V.js";import{b as c,e as m}from"./shared-UDWDZFTK.js";import{a as r}from"./shared-N6D4JTQC.js";import{mkdir as f,writeFile as w}from"node:fs/promises";import{dirname as b,join as l,relative as y,resolve as v}from"node:path";var O=r(async(t,e)=>{let{values:a}=d(t,{project:{type:"string"},server:{type:"boolean"}}),o=await c(v(e.cwd,a.project??".")),g=(await p.open(o))?.root??o;return await i(l(g,".github","workflows","migration-guard.yml"),S(a.server??!1)),await i(l(o,m),k),e.stdout.write(`Commit these files, open a pull request, then make the job "migration-guard" a required check of your main branch.
`),0;async function i(s,h){let n=y(e.cwd,s);await f(b(s),{recursive:!0});try{await w(s,h,{flag:"wx"}),e.stdout.write(`wrote    ${n}
`)}catch(u){if(u.code!=="EEXIST")throw u;e.stdout.write(`kept     ${n} (it is there already)
`)}}r(i,"write")},"init"),S=r(t=>`name: Supabase Migration Guard
on:
  # No "paths" filter: a required check must report on every pull request. Without migrations it ends at once.
  pull_request:
  merge_group:
permissions: {}
jobs:
  migration-guard:
    runs-on: ubuntu-latest
    permissions:
      contents: read # to read the migrations
      pull-requests: write # to post the comment
${t?`    services:
      postgres:
        image: postgres:17
        env:
          POSTGRES_USER: supabase_admin
          POSTGRES_DB: postgres
          POSTGRES_PASSWORD: postgres
        ports: ['5432:5432']
        options: --health-cmd pg_isready --health-interval 2s --health-retries 20
`:""}    steps:
      - uses: actions/checkout@v5
        with:
          persist-credentials: false
      - uses: supabase-migration-guard/supabase-migration-guard@v0
${t?`        with:
          database-url: postgresql://supabase_admin:postgres@localhost:5432/postgres
`:""}`,"workflow"),k=`# Supabase Migration Guard. Everything here has a default: leave out what you do not want to change.
# All keys: docs/configuration.md. On pull requests this file is read from the base branch.
preset: recommended
fail-on: error
# rules:
#   structure/table-comment: warning
#   safety/index-not-concurrent: off
`;export{O as init,S as workflow};

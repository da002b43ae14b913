import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{b as m,c as d}from"./shared-RD467B3O.js";import{a as c}from"./shared-BH46LLEX.js";import{c as p}from"./shared-4Z7L52NG.js";import{c as u}from"./shared-K3X4Z7AT.js";import"./shared-CMHGUJ7R.js";import{mkdir as w,writeFile as b}from"node:fs/promises";import{dirname as y,join as l,relative as S}from"node:path";var O=async(t,e)=>{let{values:s,positionals:g}=m(t,{project:{type:"string"},server:{type:"boolean"}});d("init",g);let r=await u(e.cwd,s.project),h=(await c.open(r))?.root??r;return await a(l(h,".github","workflows","migration-guard.yml"),v(s.server??!1)),await a(l(r,p),k),e.stdout.write(`Commit these files, open a pull request, then make the job "migration-guard" a required check of your main branch.
`),0;async function a(o,f){let i=S(e.cwd,o);await w(y(o),{recursive:!0});try{await b(o,f,{flag:"wx"}),e.stdout.write(`wrote    ${i}
`)}catch(n){if(n.code!=="EEXIST")throw n;e.stdout.write(`kept     ${i} (it is there already)
`)}}},v=t=>`name: Supabase Migration Guard
on:
  # No "paths" filter: a required check must report on every pull request. Without migrations it ends at once.
  pull_request:
  merge_group:
concurrency:
  # A newer commit of the pull request makes an older run pointless.
  group: migration-guard-\${{ github.ref }}
  cancel-in-progress: true
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
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          persist-credentials: false
      - uses: supabase-migration-guard/supabase-migration-guard@v0
${t?`        with:
          database-url: postgresql://supabase_admin:postgres@localhost:5432/postgres
`:""}`,k=`# Supabase Migration Guard. Everything here has a default: leave out what you do not want to change.
# All keys: docs/configuration.md. On pull requests this file is read from the base branch.
preset: recommended
fail-on: error
# rules:
#   structure/table-comment: warning
#   safety/index-not-concurrent: off
`;export{O as init,v as workflow};

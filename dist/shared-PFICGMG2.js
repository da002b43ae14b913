import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{b as m}from"./shared-BYG5GH55.js";import{b as c}from"./shared-O3CA2D3X.js";import{b as p}from"./shared-ALESSBFN.js";import{b as u}from"./shared-7PIWU63R.js";import"./shared-CMHGUJ7R.js";import{mkdir as h,writeFile as f}from"node:fs/promises";import{dirname as w,join as d,relative as b,resolve as y}from"node:path";var x=async(t,e)=>{let{values:s}=m(t,{project:{type:"string"},server:{type:"boolean"}}),r=await u(y(e.cwd,s.project??".")),l=(await c.open(r))?.root??r;return await a(d(l,".github","workflows","migration-guard.yml"),v(s.server??!1)),await a(d(r,p),S),e.stdout.write(`Commit these files, open a pull request, then make the job "migration-guard" a required check of your main branch.
`),0;async function a(o,g){let i=b(e.cwd,o);await h(w(o),{recursive:!0});try{await f(o,g,{flag:"wx"}),e.stdout.write(`wrote    ${i}
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
`:""}`,S=`# Supabase Migration Guard. Everything here has a default: leave out what you do not want to change.
# All keys: docs/configuration.md. On pull requests this file is read from the base branch.
preset: recommended
fail-on: error
# rules:
#   structure/table-comment: warning
#   safety/index-not-concurrent: off
`;export{x as init,v as workflow};

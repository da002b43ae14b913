import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{a as m}from"./shared-PBMQ5JBH.js";import{b as g}from"./shared-KAC2X4T2.js";import{a as $,b as N}from"./shared-WUWAS5ZD.js";import{a as o}from"./shared-N6D4JTQC.js";import{mkdir as I,writeFile as h}from"node:fs/promises";import{join as w,relative as D,resolve as f}from"node:path";function C(t){return t.normalize("NFKD").replace(new RegExp("\\p{M}","gu"),"").toLowerCase().replace(/[^a-z0-9]+/g,"_").replace(/^_+|_+$/g,"").slice(0,100)}o(C,"toName");function O(t,e){let n=e.filter(i=>/^\d{14}$/.test(i)).sort().at(-1),r=c(t);if(n===void 0||n<r)return r;let s=A(n);return s===null?r:c(new Date(s.getTime()+1e3))}o(O,"nextVersion");function A(t){let e=/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(t);if(e===null)return null;let[n,r,s,i,d,u]=e.slice(1).map(Number),E=new Date(Date.UTC(n,r-1,s,i,d,u));return c(E)===t?E:null}o(A,"dateOf");function c(t){return t.toISOString().replace(/[-:T]/g,"").slice(0,14)}o(c,"stamp");function R(t,e,n){let r=/^(?:create|add)_(\w+?)_table$/.exec(e)?.[1],s=`${n.slice(0,4)}-${n.slice(4,6)}-${n.slice(6,8)}`,i=`-- Migration: ${t.replace(/\s+/g," ")}
-- Created: ${s}
-- Purpose: 
`;return r===void 0?`${i}
${_}`:`${i}
${S(r)}`}o(R,"migrationTemplate");var l=`-- ${"=".repeat(60)}`,a=o((t,e)=>`${l}
-- ${t}
${l}
${e}
`,"section"),_=`${a("Changes","")}
-- Rollback:
-- 
`,S=o(t=>[a("1. Tables",`CREATE TABLE IF NOT EXISTS public.${t} (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL DEFAULT auth.uid(),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);`),a("2. Indexes",`CREATE INDEX IF NOT EXISTS idx_${t}_user_id ON public.${t} (user_id);`),a("3. Foreign keys",`ALTER TABLE public.${t}
  ADD CONSTRAINT fk_${t}_user_id FOREIGN KEY (user_id) REFERENCES auth.users (id) ON DELETE CASCADE;`),a("4. Row level security and grants",`ALTER TABLE public.${t} ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.${t} TO authenticated, service_role;`),a("5. Policies",`CREATE POLICY "${t}: read own rows" ON public.${t}
  FOR SELECT TO authenticated USING ((SELECT auth.uid()) = user_id);
CREATE POLICY "${t}: insert own rows" ON public.${t}
  FOR INSERT TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);
CREATE POLICY "${t}: update own rows" ON public.${t}
  FOR UPDATE TO authenticated USING ((SELECT auth.uid()) = user_id) WITH CHECK ((SELECT auth.uid()) = user_id);
CREATE POLICY "${t}: delete own rows" ON public.${t}
  FOR DELETE TO authenticated USING ((SELECT auth.uid()) = user_id);`),a("6. Triggers",`CREATE OR REPLACE FUNCTION public.set_updated_at() RETURNS trigger
  LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  NEW.updated_at = now();
  RETURN NEW;
END;
$$;
CREATE TRIGGER ${t}_set_updated_at BEFORE UPDATE ON public.${t}
  FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();`),a("7. Comments",`COMMENT ON TABLE public.${t} IS '${t}: what one row stands for.';`),`-- Rollback:
-- DROP TABLE public.${t};
`].join(`
`),"tableSections");var M=o(async(t,e)=>{let{values:n,positionals:r}=g(t,{project:{type:"string"}}),s=r.join(" ").trim(),i=C(s);if(i==="")throw new $('Say what the migration does, as in: migration-guard new "create invoices table".');let d=await N(f(e.cwd,n.project??".")),u=w(d,"supabase","migrations"),{migrations:E}=await m(u,"supabase/migrations"),T=O(new Date,E.map(L=>L.version)),p=w(u,`${T}_${i}.sql`);return await I(u,{recursive:!0}),await h(p,R(s,i,T),{flag:"wx"}),e.stdout.write(`${D(e.cwd,p)}
`),0},"newMigration");export{M as newMigration};

import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{a as E}from"./shared-N6D4JTQC.js";function O(e){return e.normalize("NFKD").replace(new RegExp("\\p{M}","gu"),"").toLowerCase().replace(/[^a-z0-9]+/g,"_").replace(/^_+|_+$/g,"").slice(0,100)}E(O,"toName");function R(e,n){let t=n.filter(s=>/^\d{14}$/.test(s)).sort().at(-1),r=d(e);if(t===void 0||t<r)return r;let u=N(t);return u===null?r:d(new Date(u.getTime()+1e3))}E(R,"nextVersion");function N(e){let n=/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(e);if(n===null)return null;let[t,r,u,s,a,o]=n.slice(1).map(Number),T=new Date(Date.UTC(t,r-1,u,s,a,o));return d(T)===e?T:null}E(N,"dateOf");function d(e){return e.toISOString().replace(/[-:T]/g,"").slice(0,14)}E(d,"stamp");function C(e,n,t){let r=/^(?:create|add)_(\w+?)_table$/.exec(n)?.[1],u=`${t.slice(0,4)}-${t.slice(4,6)}-${t.slice(6,8)}`,s=`-- Migration: ${e.replace(/\s+/g," ")}
-- Created: ${u}
-- Purpose: 
`;return r===void 0?`${s}
${$}`:`${s}
${p(r)}`}E(C,"migrationTemplate");var c=`-- ${"=".repeat(60)}`,i=E((e,n)=>`${c}
-- ${e}
${c}
${n}
`,"section"),$=`${i("Changes","")}
-- Rollback:
-- 
`,p=E(e=>[i("1. Tables",`CREATE TABLE IF NOT EXISTS public.${e} (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL DEFAULT auth.uid(),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);`),i("2. Indexes",`CREATE INDEX IF NOT EXISTS idx_${e}_user_id ON public.${e} (user_id);`),i("3. Foreign keys",`ALTER TABLE public.${e}
  ADD CONSTRAINT fk_${e}_user_id FOREIGN KEY (user_id) REFERENCES auth.users (id) ON DELETE CASCADE;`),i("4. Row level security and grants",`ALTER TABLE public.${e} ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.${e} TO authenticated, service_role;`),i("5. Policies",`CREATE POLICY "${e}: read own rows" ON public.${e}
  FOR SELECT TO authenticated USING ((SELECT auth.uid()) = user_id);
CREATE POLICY "${e}: insert own rows" ON public.${e}
  FOR INSERT TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);
CREATE POLICY "${e}: update own rows" ON public.${e}
  FOR UPDATE TO authenticated USING ((SELECT auth.uid()) = user_id) WITH CHECK ((SELECT auth.uid()) = user_id);
CREATE POLICY "${e}: delete own rows" ON public.${e}
  FOR DELETE TO authenticated USING ((SELECT auth.uid()) = user_id);`),i("6. Triggers",`CREATE OR REPLACE FUNCTION public.set_updated_at() RETURNS trigger
  LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  NEW.updated_at = now();
  RETURN NEW;
END;
$$;
CREATE TRIGGER ${e}_set_updated_at BEFORE UPDATE ON public.${e}
  FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();`),i("7. Comments",`COMMENT ON TABLE public.${e} IS '${e}: what one row stands for.';`),`-- Rollback:
-- DROP TABLE public.${e};
`].join(`
`),"tableSections");export{O as a,R as b,C as c};

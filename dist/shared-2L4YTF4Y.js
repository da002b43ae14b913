import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
function p(e){return e.normalize("NFKD").replace(new RegExp("\\p{M}","gu"),"").toLowerCase().replace(/[^a-z0-9]+/g,"_").replace(/^_+|_+$/g,"").slice(0,100)}function O(e,n){let t=n.filter(u=>/^\d{14}$/.test(u)).sort().at(-1),r=s(e);if(t===void 0||t<r)return r;let i=o(t);return i===null?r:s(new Date(i.getTime()+1e3))}function o(e){let n=/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(e);if(n===null)return null;let[t,r,i,u,c,a]=n.slice(1).map(Number),d=new Date(Date.UTC(t,r-1,i,u,c,a));return s(d)===e?d:null}function s(e){return e.toISOString().replace(/[-:T]/g,"").slice(0,14)}function R(e,n,t){let r=/^(?:create|add)_(\w+?)_table$/.exec(n)?.[1],i=`${t.slice(0,4)}-${t.slice(4,6)}-${t.slice(6,8)}`,u=`-- Migration: ${e.replace(/\s+/g," ")}
-- Created: ${i}
-- Purpose: 
`;return r===void 0?`${u}
${N}`:`${u}
${$(r)}`}var T=`-- ${"=".repeat(60)}`,E=(e,n)=>`${T}
-- ${e}
${T}
${n}
`,N=`${E("Changes","")}
-- Rollback:
-- 
`,$=e=>[E("1. Tables",`CREATE TABLE IF NOT EXISTS public.${e} (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL DEFAULT auth.uid(),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);`),E("2. Indexes",`CREATE INDEX IF NOT EXISTS idx_${e}_user_id ON public.${e} (user_id);`),E("3. Foreign keys",`ALTER TABLE public.${e}
  ADD CONSTRAINT fk_${e}_user_id FOREIGN KEY (user_id) REFERENCES auth.users (id) ON DELETE CASCADE;`),E("4. Row level security and grants",`ALTER TABLE public.${e} ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.${e} TO authenticated, service_role;`),E("5. Policies",`CREATE POLICY "${e}: read own rows" ON public.${e}
  FOR SELECT TO authenticated USING ((SELECT auth.uid()) = user_id);
CREATE POLICY "${e}: insert own rows" ON public.${e}
  FOR INSERT TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);
CREATE POLICY "${e}: update own rows" ON public.${e}
  FOR UPDATE TO authenticated USING ((SELECT auth.uid()) = user_id) WITH CHECK ((SELECT auth.uid()) = user_id);
CREATE POLICY "${e}: delete own rows" ON public.${e}
  FOR DELETE TO authenticated USING ((SELECT auth.uid()) = user_id);`),E("6. Triggers",`CREATE OR REPLACE FUNCTION public.set_updated_at() RETURNS trigger
  LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  NEW.updated_at = now();
  RETURN NEW;
END;
$$;
CREATE TRIGGER ${e}_set_updated_at BEFORE UPDATE ON public.${e}
  FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();`),E("7. Comments",`COMMENT ON TABLE public.${e} IS '${e}: what one row stands for.';`),`-- Rollback:
-- DROP TABLE public.${e};
`].join(`
`);export{p as a,O as b,R as c};

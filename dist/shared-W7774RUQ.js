import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
function N(t){return t.normalize("NFKD").replace(new RegExp("\\p{M}","gu"),"").toLowerCase().replace(/[^a-z0-9]+/g,"_").replace(/^_+|_+$/g,"").slice(0,100)}function $(t,e){let n=e.filter(s=>/^\d{14}$/.test(s)).sort().at(-1),r=d(t);if(n===void 0||n<r)return r;let i=T(n);return i===null?r:d(new Date(i.getTime()+1e3))}function T(t){let e=/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(t);if(e===null)return null;let[n,r,i,s,E,o]=e.slice(1).map(Number),a=new Date(Date.UTC(n,r-1,i,s,E,o));return d(a)===t?a:null}function d(t){return t.toISOString().replace(/[-:T]/g,"").slice(0,14)}function O(t,e,n,r=null){let i=/^(?:create|add)_(\w+?)_table$/.exec(e)?.[1],s=`${n.slice(0,4)}-${n.slice(4,6)}-${n.slice(6,8)}`,E=`-- Migration: ${t.replace(/\s+/g," ")}
-- Created: ${s}
-- Purpose: 
`;return i===void 0?`${E}
${l}`:`${E}
${p(i,r)}`}function _(t){let e=/\bcreate\s+(?:or\s+replace\s+)?function\s+(?:public\s*\.\s*)?"?((?:set|update|handle|touch|trigger_set)_?(?:\w*_)?(?:updated_?at|timestamp)(?:_column)?)"?\s*\(\s*\)/gi;return t.flatMap(n=>[...n.matchAll(e)]).at(-1)?.[1]??null}var c=`-- ${"=".repeat(60)}`,u=(t,e)=>`${c}
-- ${t}
${c}
${e}
`,l=`${u("Changes","")}
-- Rollback:
-- 
`,p=(t,e)=>[u("1. Tables",`CREATE TABLE IF NOT EXISTS public.${t} (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL DEFAULT auth.uid(),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);`),u("2. Indexes",`CREATE INDEX IF NOT EXISTS idx_${t}_user_id ON public.${t} (user_id);`),u("3. Foreign keys",`ALTER TABLE public.${t}
  ADD CONSTRAINT fk_${t}_user_id FOREIGN KEY (user_id) REFERENCES auth.users (id) ON DELETE CASCADE;`),u("4. Row level security and grants",`ALTER TABLE public.${t} ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.${t} TO authenticated, service_role;`),u("5. Policies",`CREATE POLICY "${t}: read own rows" ON public.${t}
  FOR SELECT TO authenticated USING ((SELECT auth.uid()) = user_id);
CREATE POLICY "${t}: insert own rows" ON public.${t}
  FOR INSERT TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);
CREATE POLICY "${t}: update own rows" ON public.${t}
  FOR UPDATE TO authenticated USING ((SELECT auth.uid()) = user_id) WITH CHECK ((SELECT auth.uid()) = user_id);
CREATE POLICY "${t}: delete own rows" ON public.${t}
  FOR DELETE TO authenticated USING ((SELECT auth.uid()) = user_id);`),u("6. Triggers",`${e===null?`CREATE FUNCTION public.set_updated_at() RETURNS trigger
  LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  NEW.updated_at = now();
  RETURN NEW;
END;
$$;
`:""}CREATE TRIGGER ${t}_set_updated_at BEFORE UPDATE ON public.${t}
  FOR EACH ROW EXECUTE FUNCTION public.${e??"set_updated_at"}();`),u("7. Comments",`COMMENT ON TABLE public.${t} IS '${t}: what one row stands for.';`),`-- Rollback:
-- DROP TABLE public.${t};
${e===null?`-- DROP FUNCTION public.set_updated_at();
`:""}`].join(`
`);export{N as a,$ as b,O as c,_ as d};

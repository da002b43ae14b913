import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{a,b as u}from"./shared-7OR2TR3X.js";function p(t){return t.normalize("NFKD").replace(new RegExp("\\p{M}","gu"),"").toLowerCase().replace(/[^a-z0-9]+/g,"_").replace(/^_+|_+$/g,"").slice(0,100)}function N(t,e){let n=e.filter(s=>/^\d{14}$/.test(s)).sort().at(-1),E=u(t.getTime());if(n===void 0||n<E)return E;let r=a(n);return r===null?E:u(r+1e3)}function $(t,e,n,E=null){let r=/^(?:create|add)_(\w+?)_table$/.exec(e)?.[1],s=`${n.slice(0,4)}-${n.slice(4,6)}-${n.slice(6,8)}`,T=`-- Migration: ${t.replace(/\s+/g," ")}
-- Created: ${s}
-- Purpose: 
`;return r===void 0?`${T}
${c}`:`${T}
${o(r,E)}`}function O(t){let e=/\bcreate\s+(?:or\s+replace\s+)?function\s+(?:public\s*\.\s*)?"?((?:set|update|handle|touch|trigger_set)_?(?:\w*_)?(?:updated_?at|timestamp)(?:_column)?)"?\s*\(\s*\)/gi;return t.flatMap(n=>[...n.matchAll(e)]).at(-1)?.[1]??null}var d=`-- ${"=".repeat(60)}`,i=(t,e)=>`${d}
-- ${t}
${d}
${e}
`,c=`${i("Changes","")}
-- Rollback:
-- 
`,o=(t,e)=>[i("1. Tables",`CREATE TABLE IF NOT EXISTS public.${t} (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL DEFAULT auth.uid(),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);`),i("2. Indexes",`CREATE INDEX IF NOT EXISTS idx_${t}_user_id ON public.${t} (user_id);`),i("3. Foreign keys",`ALTER TABLE public.${t}
  ADD CONSTRAINT fk_${t}_user_id FOREIGN KEY (user_id) REFERENCES auth.users (id) ON DELETE CASCADE;`),i("4. Row level security and grants",`ALTER TABLE public.${t} ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.${t} TO authenticated, service_role;`),i("5. Policies",`CREATE POLICY "${t}: read own rows" ON public.${t}
  FOR SELECT TO authenticated USING ((SELECT auth.uid()) = user_id);
CREATE POLICY "${t}: insert own rows" ON public.${t}
  FOR INSERT TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);
CREATE POLICY "${t}: update own rows" ON public.${t}
  FOR UPDATE TO authenticated USING ((SELECT auth.uid()) = user_id) WITH CHECK ((SELECT auth.uid()) = user_id);
CREATE POLICY "${t}: delete own rows" ON public.${t}
  FOR DELETE TO authenticated USING ((SELECT auth.uid()) = user_id);`),i("6. Triggers",`${e===null?`CREATE FUNCTION public.set_updated_at() RETURNS trigger
  LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  NEW.updated_at = now();
  RETURN NEW;
END;
$$;
`:""}CREATE TRIGGER ${t}_set_updated_at BEFORE UPDATE ON public.${t}
  FOR EACH ROW EXECUTE FUNCTION public.${e??"set_updated_at"}();`),i("7. Comments",`COMMENT ON TABLE public.${t} IS '${t}: what one row stands for.';`),`-- Rollback:
-- DROP TABLE public.${t};
${e===null?`-- DROP FUNCTION public.set_updated_at();
`:""}`].join(`
`);export{p as a,N as b,$ as c,O as d};

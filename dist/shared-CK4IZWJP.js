import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
var e="only the SQL was read",n=["naming","primary-keys","timestamps","foreign-keys","rls-enabled","policies","service-role","foreign-key-indexes","filter-indexes","comments","applies","access-tested","secrets","rollback"];export{e as a,n as b};

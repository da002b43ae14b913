import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
var r={startedAt:0,index:1,count:2};export{r as a};

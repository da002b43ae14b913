import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
var s="0.1.0";export{s as a};

import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{a,b}from"./shared-XN7KIZMW.js";import"./shared-N23CJGRN.js";import"./shared-4DN4K3VB.js";import"./shared-B7LNFU4M.js";import"./shared-CMHGUJ7R.js";export{a as parseConfig,b as withAccess};

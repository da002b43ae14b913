import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{a,b}from"./shared-X4IEPIL6.js";import"./shared-N23CJGRN.js";import"./shared-KU3Q2QUU.js";import"./shared-MKYHC46W.js";import"./shared-CMHGUJ7R.js";export{a as parseConfig,b as withAccess};

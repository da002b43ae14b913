import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
function l(e){let n=/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(e);if(n===null)return null;let[t,u,...m]=n.slice(1).map(Number),r=Date.UTC(t,u-1,...m);return d(r)===e?r:null}var d=e=>new Date(e).toISOString().replace(/[-:T]/g,"").slice(0,14);export{l as a,d as b};

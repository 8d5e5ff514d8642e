"use strict";(()=>{try{let e=localStorage.getItem("console.theme");(e==="light"||e==="dark")&&(document.documentElement.dataset.theme=e)}catch{}})();

var s="./analysis.js";import(s).then(t=>t.startReader());

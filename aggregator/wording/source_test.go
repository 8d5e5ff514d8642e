package wording

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The source is read as text, without types: what makes a message is followed through the
// functions of its package by their names.

// field is a text for people in a kind of value.
type field struct {
	pkg, typ, name string // pkg as the folder below the aggregator's, "" itself
	at             int    // where it stands in a literal without names
}

// read says which texts of the source reach people.
var read = []field{
	{"", "Error", "Message", 1},
	{"source", "badCell", "text", 1},
	{"c3", "Fault", "Text", 3},
	{"c3/delimited", "Record", "Why", -1},
}

// maker is a function that makes a message of its parameters.
type maker []template

type folder struct {
	path    string // below aggregator
	files   []*ast.File
	consts  map[string]ast.Expr
	makers  map[string]maker  // by name, of methods with a dot before it
	imports map[string]string // by the name in the source, folder below aggregator
}

// found is a message of the source, as a format.
type found struct {
	format, folder, at string
}

// source is what the centre's source says: messages, and all texts in one.
type source struct {
	messages []found
	literals map[string]bool
	text     string // all literals, a line each
}

type reader struct {
	fset    *token.FileSet
	folders map[string]*folder
	found   []found
	seen    map[found]bool
}

// readSource reads all that stands below the aggregator's folder, but for tests, what
// tests alone use, and command lines.
func readSource(t testing.TB) source {
	t.Helper()
	r := &reader{fset: token.NewFileSet(), folders: map[string]*folder{}, seen: map[found]bool{}}
	literals := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules" || strings.HasSuffix(d.Name(), "test") || d.Name() == "cmd" || d.Name() == "wording") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(r.fset, path, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				s, _ := strconv.Unquote(lit.Value)
				literals[s] = true
			}
			return true
		})
		r.take(filepath.ToSlash(strings.TrimPrefix(strings.TrimPrefix(filepath.Dir(path), ".."), string(filepath.Separator))), f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for again := true; again; {
		again = false
		for _, f := range r.folders {
			again = r.learn(f) || again
		}
	}
	for _, f := range r.folders {
		r.collect(f)
	}
	return source{r.found, literals, strings.Join(slices.Collect(maps.Keys(literals)), "\n")}
}

func (r *reader) take(path string, f *ast.File) {
	d := r.folders[path]
	if d == nil {
		d = &folder{path: path, consts: map[string]ast.Expr{}, makers: map[string]maker{}, imports: map[string]string{}}
		r.folders[path] = d
	}
	d.files = append(d.files, f)
	for _, i := range f.Imports {
		p, _ := strconv.Unquote(i.Path.Value)
		if below, ok := strings.CutPrefix(p, "iptvdc/aggregator"); ok {
			name := p[strings.LastIndex(p, "/")+1:]
			if i.Name != nil {
				name = i.Name.Name
			}
			d.imports[name] = strings.TrimPrefix(below, "/")
		}
	}
	for _, decl := range f.Decls {
		g, ok := decl.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST && g.Tok != token.VAR {
			continue
		}
		for _, s := range g.Specs {
			v := s.(*ast.ValueSpec)
			for i, n := range v.Names {
				if i < len(v.Values) {
					d.consts[n.Name] = v.Values[i]
				}
			}
		}
	}
}

func params(t *ast.FuncType) []string {
	var names []string
	for _, p := range t.Params.List {
		for _, n := range p.Names {
			names = append(names, n.Name)
		}
		if len(p.Names) == 0 {
			names = append(names, "_")
		}
	}
	return names
}

// learn finds what else in a folder makes messages of its parameters.
func (r *reader) learn(d *folder) (more bool) {
	d.functions(func(u *function) {
		if u.name == "" {
			return
		}
		var m maker
		r.messages(d, u, func(t template, _ token.Pos) {
			if t.open() {
				m = append(m, t)
			}
		})
		for _, name := range u.called() {
			if len(m) > len(d.makers[name]) {
				d.makers[name] = m
				more = true
			}
		}
	})
	return more
}

func (r *reader) collect(d *folder) {
	d.functions(func(u *function) {
		r.messages(d, u, func(t template, pos token.Pos) {
			if t.open() && u.name != "" || t.passes() {
				return // whoever calls it, or made the other, says what
			}
			m := found{format: t.String(), folder: d.path}
			if !r.seen[m] {
				r.seen[m] = true
				m.at = r.fset.Position(pos).String()
				r.found = append(r.found, m)
			}
		})
	})
}

// messages calls back for every message that a function makes itself.
func (r *reader) messages(d *folder, u *function, each func(template, token.Pos)) {
	u.own(func(n ast.Node) {
		switch v := n.(type) {
		case *ast.CompositeLit:
			for _, f := range read {
				if !r.is(d, v.Type, f) {
					continue
				}
				if e := f.of(v); e != nil {
					for _, t := range r.eval(d, u, e, 0) {
						each(t, e.Pos())
					}
				}
			}
		case *ast.AssignStmt: // fault.Message = ...
			for i, left := range v.Lhs {
				s, ok := left.(*ast.SelectorExpr)
				if !ok || i >= len(v.Rhs) || len(v.Lhs) != len(v.Rhs) {
					continue
				}
				for _, f := range read {
					if s.Sel.Name == f.name && (f.pkg == "" || f.pkg == d.path) {
						for _, t := range r.eval(d, u, v.Rhs[i], 0) {
							each(t, v.Rhs[i].Pos())
						}
					}
				}
			}
		case *ast.CallExpr:
			m := r.maker(d, u, v)
			for _, t := range m {
				for _, full := range r.fill(d, u, t, v) {
					each(full, v.Pos())
				}
			}
		}
	})
}

func (f field) of(v *ast.CompositeLit) ast.Expr {
	for i, e := range v.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); !ok && i == f.at {
			return e
		} else if ok {
			if id, ok := kv.Key.(*ast.Ident); ok && id.Name == f.name {
				return kv.Value
			}
		}
	}
	return nil
}

func (r *reader) is(d *folder, typ ast.Expr, f field) bool {
	switch v := typ.(type) {
	case *ast.Ident:
		return v.Name == f.typ && d.path == f.pkg
	case *ast.SelectorExpr:
		x, ok := v.X.(*ast.Ident)
		if !ok || v.Sel.Name != f.typ {
			return false
		}
		path, ours := d.imports[x.Name]
		return ours && path == f.pkg
	}
	return false
}

func (r *reader) maker(d *folder, u *function, call *ast.CallExpr) maker {
	switch v := call.Fun.(type) {
	case *ast.Ident:
		return d.makers[v.Name]
	case *ast.SelectorExpr:
		if x, ok := v.X.(*ast.Ident); ok {
			if path, ours := d.imports[x.Name]; ours {
				if to := r.folders[path]; to != nil {
					return to.makers[v.Sel.Name]
				}
				return nil
			}
			for f := u; f != nil; f = f.around {
				if f.recv == x.Name && f.recv != "" {
					return d.makers[f.typ+"."+v.Sel.Name]
				}
			}
		}
		return d.makers["."+v.Sel.Name]
	}
	return nil
}

// fill puts the arguments of a call into what it makes.
func (r *reader) fill(d *folder, u *function, t template, call *ast.CallExpr) []template {
	all := []template{nil}
	for _, p := range t {
		parts := []template{{p}}
		if p.param > 0 {
			if p.param > len(call.Args) {
				return nil
			}
			parts = r.eval(d, u, call.Args[p.param-1], 0)
			if p.format {
				for i := range parts {
					parts[i] = asFormat(parts[i])
				}
			}
		}
		all = cross(all, parts)
	}
	return all
}

package wording

import (
	"go/ast"
)

// function is its name, its parameters, and what stands in it.
type function struct {
	name   string // "": nothing calls it by name
	method bool
	recv   string // what it calls its receiver, "": nothing
	typ    string // its receiver's type
	params []string
	body   ast.Node
	around *function
}

// baseType is the name of a receiver's type.
func baseType(e ast.Expr) string {
	switch v := e.(type) {
	case *ast.StarExpr:
		return baseType(v.X)
	case *ast.IndexExpr:
		return baseType(v.X)
	case *ast.Ident:
		return v.Name
	}
	return ""
}

// called are the names by which makers are kept: a method's with its type, and without it
// for calls of which the type is not known.
func (u *function) called() []string {
	if u.method {
		return []string{u.typ + "." + u.name, "." + u.name}
	}
	return []string{u.name}
}

// functions calls back for every function of a folder, the inner ones after the outer.
func (d *folder) functions(each func(*function)) {
	for _, f := range d.files {
		for _, decl := range f.Decls {
			switch v := decl.(type) {
			case *ast.FuncDecl:
				if v.Body != nil {
					u := &function{name: v.Name.Name, params: params(v.Type), body: v.Body}
					if v.Recv != nil {
						u.method, u.typ = true, baseType(v.Recv.List[0].Type)
						if names := v.Recv.List[0].Names; len(names) > 0 {
							u.recv = names[0].Name
						}
					}
					d.inner(u, each)
				}
			case *ast.GenDecl:
				d.inner(&function{body: v}, each)
			}
		}
	}
}

func (d *folder) inner(u *function, each func(*function)) {
	each(u)
	names := map[*ast.FuncLit]string{}
	ast.Inspect(u.body, func(n ast.Node) bool {
		switch v := n.(type) {
		case *ast.AssignStmt:
			for i, right := range v.Rhs {
				if lit, ok := right.(*ast.FuncLit); ok && i < len(v.Lhs) {
					if id, ok := v.Lhs[i].(*ast.Ident); ok {
						names[lit] = id.Name
					}
				}
			}
		case *ast.FuncLit:
			d.inner(&function{name: names[v], params: params(v.Type), body: v.Body, around: u}, each)
			return false
		}
		return true
	})
}

// own walks what stands in a function and not in one within it.
func (u *function) own(each func(ast.Node)) {
	ast.Inspect(u.body, func(n ast.Node) bool {
		if _, ok := n.(*ast.FuncLit); ok && n != u.body {
			return false
		}
		if n != nil {
			each(n)
		}
		return true
	})
}

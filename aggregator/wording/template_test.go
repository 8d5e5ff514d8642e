package wording

import (
	"go/ast"
	"go/token"
	"strconv"
	"strings"
)

// piece is a part of a message as the source writes it: a text, a verb, or the parameter
// of the function around it.
type piece struct {
	text   string
	verb   string
	param  int  // 1 for the first; 0: none
	format bool // the parameter is a format, given to Sprintf
}

type template []piece

// passedOn stands for another error's text.
const passedOn = "%e"

// passes reports whether a template is nothing but another error's text.
func (t template) passes() bool { return len(t) == 1 && t[0].verb == passedOn }

// String is the template as a format.
func (t template) String() string {
	var b strings.Builder
	for _, p := range t {
		switch {
		case p.param > 0:
			b.WriteString("%!param")
		case p.verb == passedOn:
			b.WriteString("%s")
		case p.verb != "":
			b.WriteString(p.verb)
		default:
			b.WriteString(strings.ReplaceAll(p.text, "%", "%%"))
		}
	}
	return b.String()
}

func (t template) open() bool {
	for _, p := range t {
		if p.param > 0 {
			return true
		}
	}
	return false
}

func cross(heads, tails []template) []template {
	var all []template
	for _, h := range heads {
		for _, t := range tails {
			all = append(all, append(h[:len(h):len(h)], t...))
		}
	}
	return all
}

// asFormat takes the texts of a template as a format apart.
func asFormat(t template) template {
	var out template
	for _, p := range t {
		if p.param > 0 {
			p.format = true
		}
		if p.text == "" {
			out = append(out, p)
			continue
		}
		text := p.text
		for text != "" {
			i := strings.IndexByte(text, '%')
			if i < 0 {
				out = append(out, piece{text: text})
				break
			}
			if i > 0 {
				out = append(out, piece{text: text[:i]})
			}
			j := i + 1
			for j < len(text) && strings.IndexByte("+-# 0123456789.[]", text[j]) >= 0 {
				j++
			}
			if j == len(text) {
				break
			}
			if text[j] == '%' {
				out = append(out, piece{text: "%"})
			} else {
				out = append(out, piece{verb: text[i : j+1]})
			}
			text = text[j+1:]
		}
	}
	return out
}

// eval returns what a text may be; what is not known is a hole.
func (r *reader) eval(d *folder, u *function, e ast.Expr, depth int) []template {
	hole := []template{{{verb: "%s"}}}
	if depth > 8 {
		return hole
	}
	switch v := e.(type) {
	case *ast.BasicLit:
		if v.Kind == token.STRING {
			s, _ := strconv.Unquote(v.Value)
			if s == "" {
				return []template{nil}
			}
			return []template{{{text: s}}}
		}
	case *ast.IndexExpr: // what was kept or read
		return []template{{{verb: passedOn}}}
	case *ast.SelectorExpr:
		for _, f := range read {
			if v.Sel.Name == f.name {
				return []template{{{verb: passedOn}}}
			}
		}
	case *ast.ParenExpr:
		return r.eval(d, u, v.X, depth+1)
	case *ast.BinaryExpr:
		if v.Op == token.ADD {
			return cross(r.eval(d, u, v.X, depth+1), r.eval(d, u, v.Y, depth+1))
		}
	case *ast.Ident:
		if u == nil {
			return hole
		}
		for i, p := range u.params {
			if p == v.Name {
				return []template{{{param: i + 1}}}
			}
		}
		if all := r.assigned(d, u, v.Name, depth); all != nil {
			return all
		}
		if c, ok := d.consts[v.Name]; ok && u.around == nil {
			return r.eval(d, nil, c, depth+1)
		}
	case *ast.CallExpr:
		s, ok := v.Fun.(*ast.SelectorExpr)
		if !ok {
			break
		}
		if s.Sel.Name == "Error" && len(v.Args) == 0 {
			return []template{{{verb: passedOn}}}
		}
		x, ok := s.X.(*ast.Ident)
		if !ok || len(v.Args) == 0 {
			break
		}
		switch x.Name + "." + s.Sel.Name {
		case "fmt.Sprintf":
			formats := r.eval(d, u, v.Args[0], depth+1)
			for i := range formats {
				formats[i] = asFormat(formats[i])
			}
			return formats
		case "strconv.Itoa":
			return []template{{{verb: "%d"}}}
		case "strconv.Quote":
			return []template{{{verb: "%q"}}}
		}
	}
	return hole
}

// assigned returns the texts that a local variable is set to; what else it may hold is not
// looked at, as variables of the same name are not told apart.
func (r *reader) assigned(d *folder, u *function, name string, depth int) (all []template) {
	take := func(to, from ast.Expr) {
		if id, ok := to.(*ast.Ident); ok && id.Name == name && textual(from) {
			all = append(all, r.eval(d, u, from, depth+1)...)
		}
	}
	u.own(func(n ast.Node) {
		switch v := n.(type) {
		case *ast.AssignStmt:
			for i, l := range v.Lhs {
				if len(v.Lhs) == len(v.Rhs) && v.Tok != token.ADD_ASSIGN {
					take(l, v.Rhs[i])
				}
			}
		case *ast.ValueSpec:
			for i, n := range v.Names {
				if i < len(v.Values) {
					take(n, v.Values[i])
				}
			}
		}
	})
	return all
}

// textual reports whether an expression is a text with words in it.
func textual(e ast.Expr) bool {
	switch v := e.(type) {
	case *ast.BasicLit:
		return v.Kind == token.STRING
	case *ast.BinaryExpr:
		return textual(v.X) || textual(v.Y)
	case *ast.CallExpr:
		s, ok := v.Fun.(*ast.SelectorExpr)
		if !ok {
			return false
		}
		x, ok := s.X.(*ast.Ident)
		return ok && x.Name == "fmt" && s.Sel.Name == "Sprintf"
	}
	return false
}

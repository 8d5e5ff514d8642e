package soap

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Limits of a message. Real ones have a dozen elements, four deep.
const (
	maxDepth    = 24
	maxElements = 1000
	maxField    = 4096 // bytes of one value
)

// Message is an operation and its values, whatever way they were written.
type Message struct {
	Op        string // local name of the operation's element, as sent
	Namespace string // of that element; "": none
	fields    map[string]string
}

// Get returns a value by name, letter case aside; "" if there is none.
func (m Message) Get(name string) string { return m.fields[strings.ToLower(name)] }

// Is reports whether the operation has that name, letter case aside.
func (m Message) Is(op string) bool { return strings.EqualFold(m.Op, op) }

// Parse reads a SOAP message. Prefixes, namespaces, types, the order of
// elements and letter case do not matter; values may stand in elements that
// href names (rpc/encoded multi-references); text is UTF-8 or GBK, by the
// XML declaration, contentType or what its bytes are. A bare & is taken as one.
// A message with a DTD, an entity of its own, an operation or value given twice
// with different content, or beyond the limits is refused. Errors are for the
// sender and quote nothing of the message.
func Parse(body []byte, contentType string) (Message, error) {
	text, err := decode(body, contentType)
	if err != nil {
		return Message{}, err
	}
	root, err := tree(escapeAmpersands(text))
	if err != nil {
		return Message{}, err
	}
	if root.name != "Envelope" {
		return Message{}, errors.New("the outermost element is no SOAP Envelope")
	}
	var in *node
	for _, c := range root.children {
		if c.name == "Body" {
			in = c
			break
		}
	}
	if in == nil {
		return Message{}, errors.New("the Envelope has no Body")
	}
	f := flattening{byID: map[string]*node{}, fields: map[string]string{}, budget: 2 * maxElements}
	in.index(f.byID)
	var op *node
	for _, c := range in.children {
		// Elements with an id are what others refer to, unless nothing else is there.
		if c.id == "" || len(in.children) == 1 {
			if op != nil {
				return Message{}, errors.New("the Body holds more than one operation")
			}
			op = c
		}
	}
	if op == nil {
		return Message{}, errors.New("the Body holds no operation")
	}
	m := Message{Op: op.name, Namespace: op.space, fields: f.fields}
	for _, c := range op.children {
		if err := f.add(c, 0); err != nil {
			return Message{}, err
		}
	}
	return m, nil
}

// flattening turns a tree into values by name.
type flattening struct {
	byID   map[string]*node
	fields map[string]string
	budget int // elements still visited: references can multiply
}

func (f *flattening) add(n *node, depth int) error {
	name := n.name
	for hops := 0; n.href != ""; hops++ {
		to, ok := f.byID[strings.TrimPrefix(n.href, "#")]
		if !ok || !strings.HasPrefix(n.href, "#") || hops > 8 {
			return errors.New("an href leads to no element of the message")
		}
		n = to
	}
	if f.budget--; f.budget < 0 || depth > maxDepth {
		return errors.New("its references go in circles or are too many")
	}
	if len(n.children) == 0 {
		key, value := strings.ToLower(name), strings.TrimSpace(n.text.String())
		if len(value) > maxField {
			return fmt.Errorf("a value is longer than %d bytes", maxField)
		}
		if before, twice := f.fields[key]; twice && before != value {
			return errors.New("a value is given twice and differs")
		}
		f.fields[key] = value
		return nil
	}
	for _, c := range n.children {
		if err := f.add(c, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// node is an element.
type node struct {
	name, space, id, href string
	text                  strings.Builder
	children              []*node
}

func (n *node) index(byID map[string]*node) {
	if n.id != "" {
		byID[n.id] = n
	}
	for _, c := range n.children {
		c.index(byID)
	}
}

// tree reads well-formed XML.
func tree(text string) (*node, error) {
	d := xml.NewDecoder(strings.NewReader(text))
	var root *node
	var stack []*node
	for elements := 0; ; {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		var syntax *xml.SyntaxError
		if errors.As(err, &syntax) {
			if strings.HasPrefix(syntax.Msg, "invalid character entity") {
				return nil, errors.New("it uses an entity that XML does not define")
			}
			return nil, fmt.Errorf("no well-formed XML, line %d", syntax.Line)
		}
		if err != nil {
			return nil, errors.New("no well-formed XML")
		}
		switch t := t.(type) {
		case xml.StartElement:
			if elements++; elements > maxElements {
				return nil, fmt.Errorf("more than %d elements", maxElements)
			}
			if len(stack) >= maxDepth {
				return nil, fmt.Errorf("nested deeper than %d", maxDepth)
			}
			n := &node{name: t.Name.Local, space: t.Name.Space}
			for _, a := range t.Attr {
				switch a.Name.Local {
				case "id":
					n.id = a.Value
				case "href":
					n.href = a.Value
				}
			}
			switch {
			case len(stack) > 0:
				up := stack[len(stack)-1]
				up.children = append(up.children, n)
			case root != nil:
				return nil, errors.New("more than one outermost element")
			default:
				root = n
			}
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if len(stack) > 0 {
				stack[len(stack)-1].text.Write(t)
			}
		case xml.Directive:
			return nil, errors.New("a DTD is not taken")
		}
	}
	if root == nil {
		return nil, errors.New("there is no XML in it")
	}
	return root, nil
}

var (
	declaration = regexp.MustCompile(`^\s*<\?xml[^>]*\?>`)
	encoding    = regexp.MustCompile(`encoding\s*=\s*["']([A-Za-z0-9._:-]+)["']`)
)

// decode makes UTF-8 of a body, without BOM, XML declaration and control
// characters.
func decode(body []byte, contentType string) (string, error) {
	text, bom := strings.CutPrefix(string(body), "\ufeff")
	if strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff") {
		return "", errors.New("UTF-16 is not taken; send UTF-8 or GBK")
	}
	head := declaration.FindString(text)
	charset := ""
	if m := encoding.FindStringSubmatch(head); m != nil {
		charset = m[1]
	} else if _, params, err := mime.ParseMediaType(contentType); err == nil {
		charset = params["charset"]
	}
	text = text[len(head):]
	switch strings.ToLower(charset) {
	case "gbk", "gb2312", "gb18030", "cp936":
		if bom {
			break // it says what it is
		}
		text = fromGB(text)
	case "", "utf-8", "utf8", "us-ascii", "iso-8859-1":
		if !utf8.ValidString(text) {
			text = fromGB(text)
		}
	default:
		return "", errors.New("its charset is not taken; send UTF-8 or GBK")
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == utf8.RuneError {
			return -1
		}
		return r
	}, text), nil
}

func fromGB(text string) string {
	out, err := simplifiedchinese.GB18030.NewDecoder().String(text)
	if err != nil {
		return text // never: the decoder replaces what it does not know
	}
	return out
}

var reference = regexp.MustCompile(`^&(#[0-9]+|#x[0-9A-Fa-f]+|[A-Za-z_][A-Za-z0-9._-]*);`)

// escapeAmpersands escapes every & that begins no reference, outside CDATA:
// senders write URLs with a query as they stand.
func escapeAmpersands(text string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(text, '&')
		if i < 0 {
			b.WriteString(text)
			return b.String()
		}
		if c := strings.Index(text[:i], "<![CDATA["); c >= 0 {
			end := strings.Index(text[c:], "]]>")
			if end < 0 {
				b.WriteString(text) // it is not well-formed anyway
				return b.String()
			}
			b.WriteString(text[:c+end+3])
			text = text[c+end+3:]
			continue
		}
		b.WriteString(text[:i])
		if reference.MatchString(text[i:]) {
			b.WriteByte('&')
		} else {
			b.WriteString("&amp;")
		}
		text = text[i+1:]
	}
}

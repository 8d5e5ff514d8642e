package feeds

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Payments is an io.Writer that takes a fleet's truth, line by line as it comes
// or in any pieces, and keeps of it the orders that were paid or given back. The
// zero Payments is ready. Not safe for concurrent use.
type Payments struct {
	All  []Paid
	rest []byte // of a line whose end has not come
}

var orderMark = []byte(`"kind":"order"`)

// Write takes the next piece.
func (p *Payments) Write(b []byte) (int, error) {
	n := len(b)
	for {
		line, after, whole := bytes.Cut(b, []byte("\n"))
		if !whole {
			p.rest = append(p.rest, b...)
			return n, nil
		}
		if len(p.rest) > 0 {
			p.rest = append(p.rest, line...)
			line = p.rest
		}
		if bytes.Contains(line, orderMark) {
			if err := p.take(line); err != nil {
				return 0, err
			}
		}
		p.rest = p.rest[:0]
		b = after
	}
}

func (p *Payments) take(line []byte) error {
	var l struct {
		Box  string `json:"b"`
		AtMs int64  `json:"t"`
		E    struct {
			Kind     string `json:"kind"`
			OrderID  string `json:"order_id"`
			Product  string `json:"product"`
			Content  string `json:"content"`
			Provider string `json:"provider"`
			Fen      int64  `json:"fen"`
			Result   string `json:"result"`
		} `json:"e"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return fmt.Errorf("truth: %w", err)
	}
	if l.E.Kind == "order" && (l.E.Result == "paid" || l.E.Result == "refunded") {
		p.All = append(p.All, Paid{Box: l.Box, ID: l.E.OrderID, Product: l.E.Product, Content: l.E.Content, Provider: l.E.Provider,
			AtMs: l.AtMs, Fen: l.E.Fen, Refund: l.E.Result == "refunded"})
	}
	return nil
}

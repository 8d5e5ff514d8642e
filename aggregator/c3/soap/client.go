package soap

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"iptvdc/aggregator"
)

// Style is how a message is written: toolkits of the field write the same thing
// in different ways.
type Style uint8

const (
	StyleTyped    Style = iota // rpc/encoded with xsi:type on each value
	StyleMultiref              // each value in an element of its own, by href
	StylePlain                 // no types, upper-case prefixes, default namespace, GBK

	Styles = StylePlain + 1
)

// Client sends what catalogue and order systems send. It is for the test bench
// and for trying a server; it has no allow-list.
type Client struct {
	Endpoint string
	Style    Style
	HTTP     *http.Client // nil: http.DefaultClient
}

// Reply is what a server answered.
type Reply struct {
	Result int // 0: accepted
	Text   string
}

// ErrFault is a SOAP Fault; the error that wraps it has its text.
var ErrFault = errors.New("soap: fault")

// ExecCmd announces a catalogue. URL may hold credentials, so it is a text.
func (c *Client) ExecCmd(ctx context.Context, cspID, lspID, correlateID, url string) (Reply, error) {
	return c.command(ctx, "ExecCmd", text("CSPID", cspID), text("LSPID", lspID), text("CorrelateID", correlateID), text("CmdFileURL", url))
}

// ContentDeployReq announces a catalogue in the other variant.
func (c *Client) ContentDeployReq(ctx context.Context, cmsID, sopID, correlateID, url string) (Reply, error) {
	return c.command(ctx, "ContentDeployReq", text("CMSID", cmsID), text("SOPID", sopID), text("CorrelateID", correlateID), text("CmdFileURL", url))
}

func (c *Client) command(ctx context.Context, op string, values ...value) (Reply, error) {
	m, err := c.send(ctx, c.message(op, "", values))
	if err != nil {
		return Reply{}, err
	}
	return reply(m, "Result")
}

// Notify tells of a relation, signed with key at the moment now.
func (c *Client) Notify(ctx context.Context, r Relation, key Key, now time.Time) (Reply, error) {
	m, err := c.send(ctx, c.message("orderRelationUpdateNotify", "orderRelationUpdateNotifyRequest", relationValues(r, key, now)))
	if err != nil {
		return Reply{}, err
	}
	if got := m.Get("recordSequenceId"); got != r.Sequence {
		return Reply{}, fmt.Errorf("soap: the answer is of sequence %q", got)
	}
	return reply(m, "resultCode")
}

func relationValues(r Relation, key Key, now time.Time) []value {
	stamp := now.In(aggregator.Shanghai).Format("0102150405")
	at := func(ms int64) string {
		if ms == 0 {
			return ""
		}
		return time.UnixMilli(ms).In(aggregator.Shanghai).Format(timeFormat)
	}
	return []value{
		text("recordSequenceId", r.Sequence), text("userIdType", r.UserIDType), text("userId", r.UserID),
		text("serviceType", r.ServiceType), text("spId", r.SPID), text("productId", r.ProductID),
		number("updateType", int(r.Update)), text("updateTime", at(r.UpdateMs)), text("updateDesc", r.UpdateDesc),
		text("linkId", r.LinkID), text("content", r.Content), text("effectiveDate", at(r.EffectiveMs)),
		text("expireDate", at(r.ExpireMs)), text("time_stamp", stamp), text("encodeStr", key.sign(r.UserID, r.ProductID, stamp)),
	}
}

func reply(m Message, field string) (Reply, error) {
	n, err := strconv.Atoi(m.Get(field))
	if err != nil {
		return Reply{}, fmt.Errorf("soap: the answer's %s is no number", field)
	}
	return Reply{n, m.Get("ErrorDescription")}, nil
}

// message writes an operation in the client's style.
func (c *Client) message(op, within string, values []value) []byte {
	switch c.Style {
	case StyleMultiref:
		return multiref(op, within, values)
	case StylePlain:
		return plain(op, within, values)
	}
	return rpc(namespace, op, within, op, values...)
}

func multiref(op, within string, values []value) []byte {
	var b bytes.Buffer
	begin(&b)
	b.WriteString(`<ns1:` + op + ` soapenv:encodingStyle="` + encodingNS + `" xmlns:ns1="` + namespace + `">`)
	first := 0
	if within != "" {
		b.WriteString(`<` + within + ` href="#id0"/></ns1:` + op + `><multiRef id="id0" soapenc:root="0" xsi:type="ns2:` + within + `" xmlns:ns2="` + namespace + `">`)
		first = 1
	}
	for i, v := range values {
		fmt.Fprintf(&b, `<%s href="#id%d"/>`, v.name, first+i)
	}
	if within != "" {
		b.WriteString("</multiRef>")
	} else {
		b.WriteString("</ns1:" + op + ">")
	}
	for i, v := range values {
		fmt.Fprintf(&b, `<multiRef id="id%d" soapenc:root="0" xsi:type="%s">%s</multiRef>`, first+i, v.kind, escaped(v.text))
	}
	end(&b)
	return b.Bytes()
}

func plain(op, within string, values []value) []byte {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="GBK"?>` + "\r\n" + `<SOAP-ENV:Envelope xmlns:SOAP-ENV="` + envelopeNS + `"><SOAP-ENV:Header/><SOAP-ENV:Body><` + op + ` xmlns="` + namespace + `">`)
	if within != "" {
		b.WriteString("<" + within + ">")
	}
	for i := len(values) - 1; i >= 0; i-- { // order is nobody's promise
		v := values[i]
		b.WriteString("<" + v.name + ">" + escaped(v.text) + "</" + v.name + ">\r\n")
	}
	if within != "" {
		b.WriteString("</" + within + ">")
	}
	b.WriteString("</" + op + "></SOAP-ENV:Body></SOAP-ENV:Envelope>")
	out, err := simplifiedchinese.GB18030.NewEncoder().Bytes(b.Bytes())
	if err != nil {
		return b.Bytes() // no text; the server says so
	}
	return out
}

func (c *Client) send(ctx context.Context, body []byte) (Message, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Endpoint, bytes.NewReader(body))
	if err != nil {
		return Message{}, err
	}
	r.Header.Set("Content-Type", "text/xml")
	r.Header.Set("SOAPAction", `""`)
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	answer, err := client.Do(r)
	if err != nil {
		return Message{}, err
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return Message{}, err
	}
	m, err := Parse(got, answer.Header.Get("Content-Type"))
	switch {
	case err != nil:
		return Message{}, fmt.Errorf("soap: status %d, %w", answer.StatusCode, err)
	case m.Is("Fault"):
		return Message{}, fmt.Errorf("%w: %s", ErrFault, m.Get("faultstring"))
	case answer.StatusCode != http.StatusOK:
		return Message{}, fmt.Errorf("soap: status %d", answer.StatusCode)
	}
	return m, nil
}

// Results is the sender's side of ResultNotify: a handler that gives each
// result to take and answers its result, 0 for success, and text.
func Results(take func(n Notice) (result int, text string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			answer(w, http.StatusInternalServerError, fault("Client", "The message did not come in full."))
			return
		}
		m, err := Parse(body, r.Header.Get("Content-Type"))
		n := Notice{CSPID: m.Get("CSPID"), LSPID: m.Get("LSPID"), CorrelateID: m.Get("CorrelateID"), ResultFileURL: m.Get("ResultFileURL")}
		if err == nil {
			n.CmdResult, err = strconv.Atoi(m.Get("CmdResult"))
		}
		if err != nil || !m.Is("ResultNotify") {
			answer(w, http.StatusInternalServerError, fault("Client", "It is no ResultNotify."))
			return
		}
		result, text := take(n)
		answer(w, http.StatusOK, rpc(space(m), "ResultNotifyResponse", "ResultNotifyReturn", "CSPResult",
			number("Result", result), value{"ErrorDescription", "soapenc:string", text}))
	})
}

package soap

import (
	"bytes"
	"encoding/xml"
	"strconv"
	"unicode/utf8"
)

const (
	namespace  = "iptv" // of the catalogue's interface
	envelopeNS = "http://schemas.xmlsoap.org/soap/envelope/"
	encodingNS = "http://schemas.xmlsoap.org/soap/encoding/"
)

// value is one element of a message.
type value struct {
	name, kind, text string // kind: its xsi:type
}

func text(name, s string) value       { return value{name, "soapenc:string", s} }
func number(name string, n int) value { return value{name, "xsd:int", strconv.Itoa(n)} }

// escaped is text as XML can hold it.
func escaped(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes all
	return b.String()
}

// begin opens an envelope up to its body.
func begin(b *bytes.Buffer) {
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" +
		`<soapenv:Envelope xmlns:soapenv="` + envelopeNS + `" xmlns:soapenc="` + encodingNS +
		`" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>`)
}

func end(b *bytes.Buffer) { b.WriteString("</soapenv:Body></soapenv:Envelope>\n") }

// rpc is a message of one rpc/encoded element; within: an element around the
// values, "" for none.
func rpc(ns, op, within, withinType string, values ...value) []byte {
	var b bytes.Buffer
	begin(&b)
	b.WriteString(`<ns1:` + op + ` soapenv:encodingStyle="` + encodingNS + `" xmlns:ns1="` + escaped(ns) + `">`)
	if within != "" {
		b.WriteString("<" + within + ` xsi:type="ns1:` + withinType + `">`)
	}
	writeValues(&b, values)
	if within != "" {
		b.WriteString("</" + within + ">")
	}
	b.WriteString("</ns1:" + op + ">")
	end(&b)
	return b.Bytes()
}

func writeValues(b *bytes.Buffer, values []value) {
	for _, v := range values {
		b.WriteString("<" + v.name + ` xsi:type="` + v.kind + `">` + escaped(v.text) + "</" + v.name + ">")
	}
}

// fault is a SOAP Fault; who: Client or Server.
func fault(who, text string) []byte {
	var b bytes.Buffer
	begin(&b)
	b.WriteString("<soapenv:Fault><faultcode>soapenv:" + who + "</faultcode><faultstring>" + escaped(text) + "</faultstring></soapenv:Fault>")
	end(&b)
	return b.Bytes()
}

// clip cuts text from outside to a readable length.
func clip(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	n := most
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

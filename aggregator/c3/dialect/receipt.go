package dialect

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/delimited"
)

// chinese has each fault's words for a province.
var chinese = map[string]string{
	c3.FaultEmpty: "文件为空", c3.FaultTruncated: "文件不完整", c3.FaultManifest: "与校验文件不符", c3.FaultHeader: "文件头不符",
	c3.FaultMalformed: "文件格式错误", c3.FaultTooDeep: "嵌套过深", c3.FaultTooLarge: "文件过大", c3.FaultShrunk: "记录数骤减，待人工确认",
	c3.FaultMostlyBad: "错误记录过多", c3.FaultDay: "日期错误", c3.FaultOlder: "已有更新版本", c3.FaultUnknown: "无法识别的文件名",
	c3.FaultUnreadable: "文件无法读取", c3.FaultRejected: "人工拒收", c3.FaultSpace: "存储空间不足", c3.FaultCharset: "编码错误", c3.FaultColumns: "字段数不符", c3.FaultRequired: "必填字段为空",
	c3.FaultCode: "未约定的代码", c3.FaultTime: "时间格式错误", c3.FaultNumber: "数值错误", c3.FaultLong: "字段过长",
	c3.FaultDuplicate: "主键重复", c3.FaultCity: "地市未知", c3.FaultElement: "对象类型未知", c3.FaultIncomplete: "缺少必要属性",
}

var outcomeWords = []string{"none", "accepted", "partly", "refused", "waiting", "repeated"}

// ReceiptName is the name of the receipt of a data file; "": the feed has none.
func (f *Feed) ReceiptName(data string) string {
	if f.receipt == nil {
		return ""
	}
	parts, _ := f.match(data)
	parts.Texts = named(parts.Texts, data)
	name, err := f.receipt.write(parts)
	if err != nil {
		return data + "." + f.Receipt
	}
	return name
}

// ReceiptFolder is the folder below the response folder in which a receipt of
// style rsp lies: right, semiwrong (records were rejected) or bad (the file
// was). "" for other styles, and for what is not decided.
func (f *Feed) ReceiptFolder(o c3.Outcome) string {
	if f.Receipt != "rsp" {
		return ""
	}
	switch o {
	case c3.OutcomeAccepted, c3.OutcomeRepeated:
		return "right"
	case c3.OutcomePartly:
		return "semiwrong"
	case c3.OutcomeRefused:
		return "bad"
	}
	return ""
}

// WriteReceipt writes a receipt in the feed's style. csv is UTF-8 with a byte
// order mark and commas, so that a double click shows it right; rsp is in the
// feed's charset with tabs and without quotes. Lines of both are
//
//	file   name, kind of feed, day, outcome, records, accepted, rejected, repeated
//	count  code, how often, in Chinese
//	fault  line, field, code, in English, in Chinese, what was found
func (f *Feed) WriteReceipt(w io.Writer, r *c3.Receipt) error {
	if f.Receipt == "" {
		return errors.New("the feed has no receipts")
	}
	var b bytes.Buffer
	line := func(cells ...string) {
		if f.Receipt == "rsp" {
			for i := range cells {
				cells[i] = strings.Map(func(r rune) rune {
					if r < 0x20 {
						return ' '
					}
					return r
				}, cells[i])
			}
			b.WriteString(strings.Join(cells, "\t") + "\n")
			return
		}
		c := csv.NewWriter(&b)
		_ = c.Write(cells) // a Buffer takes everything
		c.Flush()
	}
	if f.Receipt == "csv" {
		b.WriteString("\uFEFF")
	}
	day := ""
	if r.Day != 0 {
		day = r.Day.String()
	}
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	line("file", r.File, feedWords[r.Feed], day, outcomeWords[r.Outcome], number(r.Records), number(r.Accepted), number(r.Rejected), number(r.Repeated))
	var codes []string
	for code := range r.Counts {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	for _, code := range codes {
		line("count", code, number(r.Counts[code]), chinese[code])
	}
	for _, x := range r.Faults {
		line("fault", number(x.Line), x.Field, x.Code, x.Text, chinese[x.Code], x.Raw)
	}
	text := b.Bytes()
	if f.Receipt == "rsp" {
		coded, err := f.config.Charset.AppendEncoded(nil, text)
		if err != nil { // a fault quotes what the charset lacks
			coded, err = f.config.Charset.AppendEncoded(nil, []byte(strings.Map(func(r rune) rune {
				if _, err := f.config.Charset.AppendEncoded(nil, []byte(string(r))); err != nil {
					return '?'
				}
				return r
			}, string(text))))
			if err != nil {
				return err
			}
		}
		text = coded
	}
	_, err := w.Write(text)
	return err
}

// ReadReceipt reads what WriteReceipt wrote. The province is the feed's.
func (f *Feed) ReadReceipt(r io.Reader) (c3.Receipt, error) {
	c := delimited.Config{Delimiter: ",", Quoted: true}
	if f.Receipt == "rsp" {
		c = delimited.Config{Delimiter: "\t", Charset: f.config.Charset}
	}
	out := c3.Receipt{Province: f.province, Counts: map[string]int64{}}
	d, err := delimited.NewReader(r, c)
	if err != nil {
		return out, err
	}
	for {
		rec, err := d.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return out, fmt.Errorf("read receipt: %w", err)
		}
		if rec.Fault != "" || !receiptLine(&out, texts(rec.Fields)) {
			return out, fmt.Errorf("receipt, line %d: not as we write it", rec.Line)
		}
	}
	if out.File == "" {
		return out, errors.New("receipt: it names no file")
	}
	return out, nil
}

func texts(fields [][]byte) []string {
	all := make([]string, len(fields))
	for i, f := range fields {
		all[i] = string(f)
	}
	return all
}

func receiptLine(out *c3.Receipt, cells []string) bool {
	numbers := func(texts []string, to ...*int64) bool {
		for i, text := range texts {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil || n < 0 {
				return false
			}
			*to[i] = n
		}
		return true
	}
	switch {
	case cells[0] == "file" && len(cells) == 9:
		feed, outcome := slices.Index(feedWords, cells[2]), slices.Index(outcomeWords, cells[4])
		if feed < 0 || outcome < 0 || cells[1] == "" {
			return false
		}
		out.File, out.Feed, out.Outcome = cells[1], c3.Feed(feed), c3.Outcome(outcome)
		if cells[3] != "" {
			day, err := aggregator.ParseDay(cells[3])
			if err != nil {
				return false
			}
			out.Day = day
		}
		return numbers(cells[5:], &out.Records, &out.Accepted, &out.Rejected, &out.Repeated)
	case cells[0] == "count" && len(cells) == 4:
		var n int64
		ok := numbers(cells[2:3], &n)
		out.Counts[cells[1]] = n
		return ok && len(out.Counts) <= 1000
	case cells[0] == "fault" && len(cells) == 7:
		x := c3.Fault{Field: cells[2], Code: cells[3], Text: cells[4], Raw: cells[6]}
		ok := numbers(cells[1:2], &x.Line)
		out.Faults = append(out.Faults, x)
		return ok && len(out.Faults) <= c3.MaxFaults
	}
	return false
}

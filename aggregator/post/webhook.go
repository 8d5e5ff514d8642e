package post

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/netip"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Greatest texts that chats take, in bytes, with room for what stands around them.
const (
	MaxWeCom    = 3_800  // of 4,096
	MaxDingTalk = 15_000 // of 20,000
	MaxFeishu   = 15_000 // of 20,000
	maxUpload   = 20 << 20
)

// MaxText is the greatest text that a kind takes, in bytes.
func MaxText(k Kind) int {
	switch k {
	case WeCom:
		return MaxWeCom
	case DingTalk:
		return MaxDingTalk
	case Feishu:
		return MaxFeishu
	}
	return 200_000
}

// webhookURL reads the address of a webhook.
func webhookURL(text string) (*url.URL, error) {
	if len(text) > maxAddress {
		return nil, fmt.Errorf("it has more than %d letters", maxAddress)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return nil, errors.New("it is no webhook; write it as https://host/path")
	case u.User != nil:
		return nil, errors.New("it holds a user; a webhook takes none")
	}
	return u, nil
}

// newClient reaches public hosts alone, whatever their names turn out to mean, follows
// nothing and asks no proxy, behind which addresses could not be seen.
func (p *Post) newClient() *http.Client {
	d := net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		if !p.reachable(at.Addr()) {
			return errPrivate
		}
		return nil
	}}
	return &http.Client{
		Transport:     &http.Transport{DialContext: d.DialContext, TLSHandshakeTimeout: 10 * time.Second, DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10, TLSClientConfig: &tls.Config{RootCAs: p.config.Roots, MinVersion: tls.VersionTLS12}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// call posts a body and returns the answer's.
func (p *Post) call(ctx context.Context, address, media string, body []byte, headers map[string]string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, fault(Refused, "bad_way", "it is no address")
	}
	req.Header.Set("Content-Type", media)
	req.Header.Set("User-Agent", "lingdong")
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		var address *url.Error
		if errors.As(err, &address) { // it names the whole address, with its key
			err = address.Err
		}
		var dial *net.OpError
		switch {
		case errors.Is(err, errPrivate):
			return nil, fault(Refused, "hook_address", errPrivate)
		case errors.As(err, &dial) && dial.Op == "dial", isTLS(err):
			return nil, fault(Later, "hook_connect", err)
		}
		return nil, fault(Unsure, "hook_unsure", err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	switch {
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500:
		return nil, fault(Later, "hook_status", resp.Status)
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return nil, fault(Refused, "hook_status", resp.Status)
	case err != nil:
		return nil, fault(Unsure, "hook_unsure", err)
	}
	return b, nil
}

func isTLS(err error) bool {
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	return errors.As(err, &certificate) || errors.As(err, &record)
}

// say posts JSON to a chat and reads its verdict: errcode or code, 0 if it was taken.
func (p *Post) say(ctx context.Context, address string, body any, into any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return fault(Refused, "bad_way", err)
	}
	answer, err := p.call(ctx, address, "application/json; charset=utf-8", b, nil)
	if err != nil {
		return err
	}
	return verdict(answer, into)
}

// busy are what chats answer if they are asked too often, or are not well themselves.
var busy = map[int64]bool{-1: true, 45009: true, 45033: true, 130101: true, 11232: true, 9499: true, 410100: true}

func verdict(answer []byte, into any) error {
	var said struct {
		Errcode *int64 `json:"errcode"`
		Errmsg  string `json:"errmsg"`
		Code    *int64 `json:"code"`
		Msg     string `json:"msg"`
		Status  *int64 `json:"StatusCode"`
	}
	if err := json.Unmarshal(answer, &said); err != nil {
		return fault(Refused, "hook_refused", "its answer is not that of a chat")
	}
	code, text := said.Errcode, said.Errmsg
	for _, other := range []*int64{said.Code, said.Status} {
		if code == nil {
			code, text = other, said.Msg
		}
	}
	switch {
	case code == nil:
		return fault(Refused, "hook_refused", "its answer is not that of a chat")
	case busy[*code]:
		return fault(Later, "hook_refused", fmt.Sprint(*code, " ", text))
	case *code != 0:
		return fault(Refused, "hook_refused", fmt.Sprint(*code, " ", text))
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fault(Refused, "hook_refused", "its answer is not that of a chat")
	}
	return nil
}

// wecom sends a group robot the text, then the files.
func (p *Post) wecom(ctx context.Context, hook string, m *Message) error {
	text := "**" + unmarked(oneLine(m.Subject)) + "**\n" + unmarked(m.Text)
	if m.Link != "" {
		text += "\n" + m.Link
	}
	// Files first: a text without its file would be sent twice if the file fails.
	var media []string
	for _, f := range m.Files {
		id, err := p.upload(ctx, hook, &f)
		if err != nil {
			return err
		}
		if id != "" {
			media = append(media, id)
		}
	}
	if err := p.say(ctx, hook, map[string]any{"msgtype": "markdown", "markdown": map[string]string{"content": text}}, nil); err != nil {
		return err
	}
	for _, id := range media {
		if err := p.say(ctx, hook, map[string]any{"msgtype": "file", "file": map[string]string{"media_id": id}}, nil); err != nil {
			return fault(Unsure, "hook_unsure", "the text was sent, a file was not: "+err.Error())
		}
	}
	return nil
}

// upload leaves a file with WeCom and returns its id there; "" where the hook is none of
// WeCom's own, behind which files cannot be left, or the file is larger than it takes.
func (p *Post) upload(ctx context.Context, hook string, f *File) (string, error) {
	u, err := webhookURL(hook)
	if err != nil || !strings.HasSuffix(u.Path, "/webhook/send") || len(f.Bytes) > maxUpload {
		return "", nil
	}
	u.Path = strings.TrimSuffix(u.Path, "send") + "upload_media"
	q := u.Query()
	q.Set("type", "file")
	u.RawQuery = q.Encode()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	name := strings.Map(withoutQuotes, oneLine(f.Name))
	to, err := w.CreatePart(textproto.MIMEHeader{"Content-Type": {"application/octet-stream"}, "Content-Disposition": {fmt.Sprintf(`form-data; name="media"; filename="%s"; filelength=%d`, name, len(f.Bytes))}})
	if err == nil {
		_, err = to.Write(f.Bytes)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return "", fault(Refused, "bad_way", err)
	}
	answer, err := p.call(ctx, u.String(), w.FormDataContentType(), body.Bytes(), nil)
	if err != nil {
		var e *Error
		if errors.As(err, &e) && e.Fate == Unsure { // a file that nobody was shown
			e.Fate = Later
		}
		return "", err
	}
	var got struct {
		Media string `json:"media_id"`
	}
	if err := verdict(answer, &got); err != nil {
		return "", err
	}
	return got.Media, nil
}

// unmarked takes from a text what a chat would make more of than letters.
func unmarked(text string) string {
	return strings.NewReplacer("[", "［", "]", "］", "<", "＜", ">", "＞", "`", "ˋ", "*", "＊").Replace(text)
}

// dingtalk signs time and secret into the address, as its robots want it.
func (p *Post) dingtalk(ctx context.Context, w *Way, m *Message) error {
	hook := w.Address
	if w.Secret != "" {
		u, err := webhookURL(hook)
		if err != nil {
			return fault(Refused, "bad_way", err)
		}
		at := strconv.FormatInt(p.config.Now().UnixMilli(), 10)
		q := u.Query()
		q.Set("timestamp", at)
		q.Set("sign", base64.StdEncoding.EncodeToString(sign([]byte(w.Secret), at+"\n"+w.Secret)))
		u.RawQuery = q.Encode()
		hook = u.String()
	}
	return p.say(ctx, hook, map[string]any{"msgtype": "text", "text": map[string]string{"content": chat(m)}}, nil)
}

// feishu signs with time and secret as the key and nothing as the text.
func (p *Post) feishu(ctx context.Context, w *Way, m *Message) error {
	lines := [][]map[string]string{}
	for line := range strings.SplitSeq(strings.TrimRight(m.Text, "\n"), "\n") {
		lines = append(lines, []map[string]string{{"tag": "text", "text": line}})
	}
	if m.Link != "" {
		lines = append(lines, []map[string]string{{"tag": "a", "text": m.Link, "href": m.Link}})
	}
	body := map[string]any{"msg_type": "post", "content": map[string]any{"post": map[string]any{"zh_cn": map[string]any{"title": oneLine(m.Subject), "content": lines}}}}
	if w.Secret != "" {
		at := strconv.FormatInt(p.config.Now().Unix(), 10)
		body["timestamp"], body["sign"] = at, base64.StdEncoding.EncodeToString(sign([]byte(at+"\n"+w.Secret), ""))
	}
	return p.say(ctx, w.Address, body, nil)
}

func chat(m *Message) string {
	text := oneLine(m.Subject) + "\n" + m.Text
	if m.Link != "" {
		text += "\n" + m.Link
	}
	return text
}

// json sends what the message means to a program. With a secret, X-Lingdong-Signature is
// sha256= and, in hexadecimal, the HMAC of X-Lingdong-Timestamp, a dot and the body.
func (p *Post) json(ctx context.Context, w *Way, m *Message) error {
	body, err := json.Marshal(map[string]any{"id": m.ID, "subject": m.Subject, "text": m.Text, "link": m.Link, "data": m.Data})
	if err != nil {
		return fault(Refused, "bad_way", err)
	}
	headers := map[string]string{}
	if w.Secret != "" {
		at := strconv.FormatInt(p.config.Now().Unix(), 10)
		headers["X-Lingdong-Timestamp"] = at
		headers["X-Lingdong-Signature"] = "sha256=" + hex.EncodeToString(sign([]byte(w.Secret), at+"."+string(body)))
	}
	_, err = p.call(ctx, w.Address, "application/json", body, headers)
	return err
}

func sign(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"

	"iptvdc/agent/identity"
	"iptvdc/agent/profile"
)

// now is the time for certificates, as the uplink takes it.
func (p *Patient) now() time.Time {
	t := time.UnixMilli(int64(p.Clock.WallMs()))
	if t.Before(p.Config.NotBefore) {
		return p.Config.NotBefore
	}
	return t
}

// soon is how long before its end a certificate is worth a word.
const soon = 30 * 24 * time.Hour

// expiry judges one certificate's days.
func (p *Patient) expiry(c *x509.Certificate, what, cure Text) Finding {
	now, until := p.now(), c.NotAfter.Format("2006-01-02")
	say := func(en, zh, day string) Text { return Text{what.EN + en + day, what.ZH + zh + day} }
	switch {
	case now.After(c.NotAfter):
		return Finding{Problem, say(" has expired on ", "已过期：", until), cure}
	case now.Before(c.NotBefore):
		return Finding{Problem, say(" holds only from ", "尚未生效，起始：", c.NotBefore.Format("2006-01-02")),
			Text{"date -u    (the box's clock is behind, or the certificate is for later)", "date -u    （时钟落后，或证书尚未生效）"}}
	case c.NotAfter.Sub(now) < soon:
		return Finding{Level: Note, What: say(" holds no longer than ", "即将到期：", until)}
	}
	return Finding{Level: OK, What: say(" holds until ", "有效期到 ", until)}
}

// checkCertificates reads the files that the flags name.
func checkCertificates(ctx context.Context, p *Patient) (out []Finding) {
	if p.CA != "" {
		out = append(out, p.authorities()...)
	}
	if s, err := p.state(ctx); err == nil && s.Certificate != nil {
		out = append(out, identityFinding(s.Box, s.Certificate))
	}
	if p.Cert != "" || p.Key != "" {
		out = append(out, p.pair())
	}
	if len(out) > 0 {
		return out
	}
	brokers := p.Config.Brokers
	if s, err := p.state(ctx); len(brokers) == 0 && err == nil {
		brokers = s.Brokers
	}
	for _, b := range brokers {
		if strings.HasPrefix(b, "tls://") {
			return []Finding{note("none given: brokers are checked against this box's own authorities. Give --ca as the agent has it", "未指定：使用本机自带 CA 校验。请给出与采集程序相同的 --ca")}
		}
	}
	return []Finding{good("none are needed", "无需证书")}
}

// unreadable says why a file does not open.
func unreadable(path string, err error) Finding {
	if errors.Is(err, fs.ErrNotExist) {
		return bad(say("ls -l %s    (put the file there, or correct the flag)", "ls -l %s    （放置文件或修正参数）", path), "%s is not there", "%s 不存在", path)
	}
	return bad(say("ls -l %s    (the agent's user must be able to read it)", "ls -l %s    （采集程序的用户须可读取）", path), "%s cannot be read: %v", "%s 无法读取：%v", path, err)
}

func (p *Patient) authorities() (out []Finding) {
	file, err := os.ReadFile(p.CA)
	if err != nil {
		return []Finding{unreadable(p.CA, err)}
	}
	for len(file) > 0 {
		var block *pem.Block
		if block, file = pem.Decode(file); block == nil {
			break
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			out = append(out, bad(say("openssl x509 -text -in %s", "openssl x509 -text -in %s", p.CA), "%s holds something that is no certificate: %v", "%s 含有无效证书：%v", p.CA, err))
			continue
		}
		out = append(out, p.expiry(c, say("the authority %q", "CA %q", c.Subject.CommonName), say("--ca FILE    (a newer one, with the next firmware)", "--ca 文件    （随固件更新）")))
	}
	if len(out) == 0 {
		out = append(out, bad(say("head -1 %s    (it must say -----BEGIN CERTIFICATE-----)", "head -1 %s    （应为 -----BEGIN CERTIFICATE-----）", p.CA), "%s holds no certificate in PEM", "%s 中没有 PEM 证书", p.CA))
	}
	return out
}

func (p *Patient) pair() Finding {
	if p.Cert == "" || p.Key == "" {
		return bad(say("--cert FILE --key FILE", "--cert 文件 --key 文件"), "only one of certificate and key is given", "证书与私钥只给出了一个")
	}
	for _, path := range []string{p.Cert, p.Key} {
		if _, err := os.ReadFile(path); err != nil {
			return unreadable(path, err)
		}
	}
	pair, err := tls.LoadX509KeyPair(p.Cert, p.Key)
	if err != nil {
		return bad(say("openssl x509 -noout -subject -in %s    (do certificate and key belong together?)", "openssl x509 -noout -subject -in %s    （证书与私钥是否匹配？）", p.Cert), "%v", "%v", err)
	}
	return p.expiry(pair.Leaf, say("the box's certificate", "机顶盒证书"), say("--cert FILE --key FILE    (new ones from whoever issued these)", "--cert 文件 --key 文件    （向签发方申请新证书）"))
}

// checkKeys: without the public keys no profile is believed.
func checkKeys(_ context.Context, p *Patient) []Finding {
	if p.Keys == "" {
		return []Finding{note("none given; to check the file: stbagent doctor --profile-keys FILE", "未指定；检查方法：stbagent doctor --profile-keys 文件")}
	}
	file, err := os.ReadFile(p.Keys)
	if err != nil {
		return []Finding{unreadable(p.Keys, err)}
	}
	keys, err := profile.ParseKeys(string(file))
	if err != nil {
		return []Finding{bad(say("head -1 %s    (lines of a key: <id> <base64>, as aggregator profile keygen prints them)", "head -1 %s    （每行一个公钥：<编号> <base64>，由 aggregator profile keygen 生成）", p.Keys),
			"%s: %v: no profile is believed", "%s：%v：任何配置都不被信任", p.Keys, err)}
	}
	if fi, err := os.Stat(p.Keys); err == nil && fi.Mode().Perm()&0o022 != 0 {
		return []Finding{bad(say("chmod go-w %s", "chmod go-w %s", p.Keys), "%s can be changed by other users, who could then steer this box", "%s 可被其他用户修改，配置可能被冒充", p.Keys)}
	}
	return []Finding{good("%s holds %d keys", "%s 含 %d 个公钥", p.Keys, len(keys))}
}

// identityFinding judges the certificate that the box claims itself.
func identityFinding(box string, c *identity.Stats) Finding {
	until := time.UnixMilli(c.UntilMs).UTC().Format(time.DateOnly)
	switch {
	case c.State == "refused":
		return bad(say("aggregator box show %s    (at the centre: why; aggregator box allow %[1]s lets it claim once more)", "aggregator box show %s    （在中心侧查看原因；aggregator box allow %[1]s 允许重新申领一次）", box),
			"the centre does not let this box in: %s", "中心拒绝本机：%s", c.Why)
	case c.UntilMs > 0:
		return good("the box's certificate holds until %s", "机顶盒证书有效期到 %s", until)
	case c.Failed > 0:
		return bad(say("--claim, --broker    (is the credential the centre's, does the broker take TLS? at the centre: aggregator claim list)", "--claim、--broker    （凭证是否由中心签发，服务器是否启用 TLS？在中心侧执行 aggregator claim list）"),
			"the box has no certificate yet: %s", "尚未取得证书：%s", c.Why)
	}
	return note("the box has no certificate yet; it is being claimed", "尚未取得证书，正在申领")
}

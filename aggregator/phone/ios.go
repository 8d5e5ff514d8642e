package phone

import (
	"bytes"
	"embed"
	"fmt"
	"image"
	"io/fs"
	"net/url"
	"strings"
	"text/template"
)

//go:embed ios
var iosFiles embed.FS

// iosSteps are told while a project is made.
var iosSteps = []string{"sources", "package"}

// ios makes an Xcode project and returns it as a zip archive.
func ios(a *App, icon *image.NRGBA) ([]byte, error) {
	if a.Server == "" {
		return nil, errNoServer
	}
	u, err := url.Parse(a.Server)
	if err != nil {
		return nil, err
	}
	plainHost := ""
	if u.Scheme == "http" {
		plainHost = u.Hostname()
	}
	about := struct {
		*App
		ID, Full, Plain string
	}{a, strings.ReplaceAll(a.id(), "_", "-"), a.full(), plainHost}
	funcs := template.FuncMap{
		"xml":     plain,
		"strings": func(s string) string { return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) },
	}
	root := a.Name + "-ios/"
	files := map[string][]byte{}
	err = fs.WalkDir(iosFiles, "ios", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := iosFiles.ReadFile(path)
		if err != nil {
			return err
		}
		t, err := template.New(path).Funcs(funcs).Parse(string(b))
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := t.Execute(&out, about); err != nil {
			return err
		}
		files[root+strings.TrimPrefix(path, "ios/")] = out.Bytes()
		return nil
	})
	if err != nil {
		return nil, err
	}
	assets := root + "App/Assets.xcassets/"
	const info = `"info" : {"author" : "xcode", "version" : 1}`
	files[assets+"Contents.json"] = []byte("{" + info + "}\n")
	// without transparency, which app icons must not have
	if files[assets+"AppIcon.appiconset/icon-1024.png"], err = encode(on(icon, 1024, 1, colourOf(a.Theme))); err != nil {
		return nil, err
	}
	files[assets+"AppIcon.appiconset/Contents.json"] = []byte(`{"images" : [{"filename" : "icon-1024.png", "idiom" : "universal", "platform" : "ios", "size" : "1024x1024"}], ` + info + "}\n")
	for name, colour := range map[string]string{"Theme": a.Theme, "Background": a.Background} {
		c := colourOf(colour)
		files[assets+name+".colorset/Contents.json"] = fmt.Appendf(nil, `{"colors" : [{"color" : {"color-space" : "srgb", "components" : {"alpha" : "1.000", "blue" : "0x%02X", "green" : "0x%02X", "red" : "0x%02X"}}, "idiom" : "universal"}], %s}`+"\n", c.B, c.G, c.R, info)
	}
	return packed(files)
}

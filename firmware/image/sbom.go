package image

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// CycloneDX 1.5, the fields that are used.
type (
	bom struct {
		Format   string      `json:"bomFormat"`
		Spec     string      `json:"specVersion"`
		Serial   string      `json:"serialNumber"`
		Version  int         `json:"version"`
		Metadata bomMetadata `json:"metadata"`
		Parts    []bomPart   `json:"components"`
		Depends  []bomEdge   `json:"dependencies"`
	}
	bomMetadata struct {
		Timestamp string  `json:"timestamp"`
		Component bomPart `json:"component"`
	}
	bomPart struct {
		Type       string        `json:"type"`
		Ref        string        `json:"bom-ref"`
		Name       string        `json:"name"`
		Version    string        `json:"version"`
		PURL       string        `json:"purl,omitempty"`
		Hashes     []bomHash     `json:"hashes,omitempty"`
		Properties []bomProperty `json:"properties,omitempty"`
	}
	bomHash struct {
		Alg     string `json:"alg"`
		Content string `json:"content"`
	}
	bomProperty struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	bomEdge struct {
		Ref string   `json:"ref"`
		On  []string `json:"dependsOn"`
	}
)

// sbom is the bill of materials of the agent, by what its own build tells: every
// module linked in with version and checksum, and the Go release.
func (r *run) sbom() []byte {
	info := r.agent.Info
	s := r.agent.SHA256
	main := bomPart{Type: "application", Ref: "stbagent", Name: "stbagent", Version: r.Version, Hashes: []bomHash{{"SHA-256", s}}}
	for _, set := range info.Settings {
		main.Properties = append(main.Properties, bomProperty{"go:" + set.Key, set.Value})
	}
	edge := bomEdge{Ref: main.Ref, On: []string{}}
	parts := []bomPart{{Type: "platform", Ref: "go", Name: "go", Version: strings.TrimPrefix(info.GoVersion, "go"),
		PURL: "pkg:golang/stdlib@" + strings.TrimPrefix(info.GoVersion, "go")}}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		url := fmt.Sprintf("pkg:golang/%s@%s", m.Path, m.Version)
		parts = append(parts, bomPart{Type: "library", Ref: url, Name: m.Path, Version: m.Version, PURL: url,
			Properties: []bomProperty{{"go:sum", m.Sum}}})
	}
	for _, p := range parts {
		edge.On = append(edge.On, p.Ref)
	}
	text, err := json.MarshalIndent(bom{"CycloneDX", "1.5",
		fmt.Sprintf("urn:uuid:%s-%s-5%s-a%s-%s", s[:8], s[8:12], s[13:16], s[17:20], s[20:32]), 1,
		bomMetadata{r.Epoch.Format(time.RFC3339), main}, parts, []bomEdge{edge}}, "", "  ")
	if err != nil {
		panic("BUG: " + err.Error()) // strings alone
	}
	return append(text, '\n')
}

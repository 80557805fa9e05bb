package browsertest

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"theriac/internal/browser"
)

// leaves returns each text of a JSON document with one value changed.
func leaves(t *testing.T, raw []byte) (bent [][]byte, names []string) {
	t.Helper()
	var doc any
	must(t, json.Unmarshal(raw, &doc))
	var walk func(v any, name string, set func(any))
	walk = func(v any, name string, set func(any)) {
		change := func(to any) {
			set(to)
			out, err := json.Marshal(doc)
			must(t, err)
			bent, names = append(bent, out), append(names, name)
			set(v)
		}
		switch v := v.(type) {
		case map[string]any:
			for k := range v {
				walk(v[k], name+"."+k, func(x any) { v[k] = x })
			}
		case []any:
			for i := range v {
				walk(v[i], fmt.Sprintf("%s[%d]", name, i), func(x any) { v[i] = x })
			}
		case string:
			change(flipped(v))
		case float64:
			change(v + 1)
		case bool:
			change(!v)
		}
	}
	walk(doc, "", nil)
	return bent, names
}

// flipped changes the middle of a text.
func flipped(s string) string {
	if s == "" {
		return "A"
	}
	i, to := len(s)/2, "A"
	if s[i] == 'A' {
		to = "B"
	}
	return s[:i] + to + s[i+1:]
}

// A server that changes any single value of the evidence never has the page show
// genuine.
func TestLyingServer(t *testing.T) {
	s := play(t)
	code := s.fresh(t)
	raw, err := s.Stage.Cast.Pharmacy.API.Bundle(t.Context(), code)
	must(t, err)
	bent, names := leaves(t, raw)
	if len(bent) < 200 {
		t.Fatalf("the evidence has %d values", len(bent))
	}
	var turn atomic.Int64
	f := behind(t, s.Stage.Cast.Pharmacy.Endpoint)
	f.Lie = func(path string, body []byte) []byte {
		if path != "/v1/bundles" {
			return body
		}
		i := turn.Add(1) - 1
		if int(i) == len(bent) {
			return raw // the last is the truth, so that the test can fail
		}
		return bent[i]
	}
	p := tab(t, start(t, browser.Config{}), f.URL)
	// In the page itself, as a person would do it: code, check, verdict, another.
	got, err := each(p, code, len(bent)+1)
	must(t, err)
	for i, shown := range got[:len(bent)] {
		if shown != "refused" && shown != "cannot_check" {
			t.Errorf("with %s changed the page shows %s", names[i], shown)
		}
	}
	if last := got[len(bent)]; last != "genuine" {
		t.Errorf("with nothing changed the page shows %s", last)
	}
}

// each has the page check a code n times and returns the verdicts.
func each(p *browser.Page, code string, n int) ([]string, error) {
	var out []string
	for len(out) < n {
		got, err := browser.Evaluate[[]string](p, fmt.Sprintf(`(async () => {
			const seen = []
			const until = async (f) => { while (!f()) await new Promise((r) => setTimeout(r, 4)) }
			for (let i = 0; i < %d; i++) {
				document.querySelector('#another')?.click()
				await until(() => document.querySelector('#code') && !document.querySelector('#check').disabled)
				document.querySelector('#code').value = %q
				document.querySelector('#check').click()
				await until(() => document.querySelector('#verdict'))
				seen.push(document.querySelector('#verdict').dataset.verdict)
			}
			return seen
		})()`, min(40, n-len(out)), code))
		if err != nil {
			return nil, err
		}
		out = append(out, got...)
	}
	return out, nil
}

// Problem documents of a server that wants to assure are its word only.
func TestServersWord(t *testing.T) {
	s := play(t)
	f := behind(t, s.Stage.Cast.Pharmacy.Endpoint)
	p := tab(t, start(t, browser.Config{}), f.URL)
	code := s.fresh(t)
	for name, answer := range map[string]string{
		"a verdict":     `{"verdict":"genuine","checks":[]}`,
		"nothing":       ``,
		"html":          `<h1>Genuine</h1>`,
		"a list":        `[]`,
		"a deep list":   strings.Repeat("[", 100_000),
		"another pack":  "",
		"__proto__":     `{"__proto__":{"verdict":"genuine"},"type":"theriac/bundle/1"}`,
		"33 MB of text": `"` + strings.Repeat("x", 33<<20) + `"`,
	} {
		if name == "another pack" {
			raw, err := s.Stage.Cast.Pharmacy.API.Bundle(t.Context(), s.fresh(t))
			must(t, err)
			answer = string(raw)
		}
		f.Lie = func(path string, body []byte) []byte {
			if path == "/v1/bundles" {
				return []byte(answer)
			}
			return body
		}
		if shown, why := check(t, p, code); shown == "genuine" || shown == "dispensed" {
			t.Errorf("%s: the page shows %s (%s)", name, shown, why)
		}
	}
}

// A root of trust other than the pinned one, or than a poster says, is refused.
func TestWrongTrust(t *testing.T) {
	s := play(t)
	f := behind(t, s.Stage.Cast.Pharmacy.Endpoint)
	b := start(t, browser.Config{})
	p := tab(t, b, f.URL)
	code := s.fresh(t)
	shown, why := check(t, p, code)
	expect(t, shown, why, "genuine", "")
	f.Lie = func(path string, body []byte) []byte {
		if path != "/v1/trust" {
			return body
		}
		return []byte(strings.Replace(string(body), `"max_age_seconds":86400`, `"max_age_seconds":864000000`, 1))
	}
	must(t, p.Go(f.URL))
	shown, why = check(t, p, code)
	expect(t, shown, why, "cannot_check", "other_served")
	clean(t, p)
	shot(t, p, "verify-other-trust")
	// A poster names the fingerprint of another root.
	f.Lie = nil
	p = tab(t, b, f.URL+"/#trust="+strings.Repeat("A", 43))
	shown, why = check(t, p, code)
	expect(t, shown, why, "cannot_check", "other_expected")
}

// What is no code of a pack of ours is no verdict on one.
func TestMalformedCodes(t *testing.T) {
	s := play(t)
	p := tab(t, start(t, browser.Config{}), s.Stage.Cast.Pharmacy.Endpoint)
	code := s.fresh(t)
	link := "/01/" + string(s.Product) + "/21/ABC"
	for _, bad := range []string{
		"x", "(01)", "(01)09521141200017(21)A", strings.Repeat("9", 14), code + "(99)x\x01", strings.Repeat("A", 1<<20), "<script>alert(1)</script>",
		"https://evil.example" + link, "https://evil.example:8080" + link, "https://id.gs1.org.evil.example" + link, "javascript:alert(1)",
		"data:text/html,hello", "(00)095211410000000018", "urn:epc:id:sgtin:0.0.0", "//evil.example" + link, "https://user@id.gs1.org@evil.example" + link,
	} {
		shown, why := check(t, p, bad)
		if shown == "genuine" || shown == "dispensed" {
			t.Errorf("%.60q: the page shows %s (%s)", bad, shown, why)
		}
	}
	clean(t, p)
}

// A browser that lacks the cryptography says so, and does not believe the server.
func TestBrowserWithoutCryptography(t *testing.T) {
	s := play(t)
	for name, script := range map[string]string{
		"none":      `Object.defineProperty(globalThis.crypto, 'subtle', {value: undefined})`,
		"says yes":  `SubtleCrypto.prototype.verify = async () => true`,
		"no curves": `SubtleCrypto.prototype.importKey = async () => { throw new DOMException('no', 'NotSupportedError') }`,
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t, browser.Config{})
			p := tab(t, b, "about:blank")
			must(t, p.Before(script))
			must(t, p.Go(s.Stage.Cast.Pharmacy.Endpoint))
			shown, why := check(t, p, s.fresh(t))
			expect(t, shown, why, "cannot_check", "no_crypto")
			shot(t, p, "verify-no-crypto")
		})
	}
}

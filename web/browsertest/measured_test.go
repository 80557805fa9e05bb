package browsertest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"theriac/internal/browser"
)

// golden returns the path of evidence that Go made and judged.
func golden(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "testdata", "bundles", name+".json"))
	must(t, err)
	return path
}

// goldenTab opens a page that has pinned the root of the golden bundles, at their time.
func goldenTab(t *testing.T, s *scene, language string) *browser.Page {
	t.Helper()
	pinned, err := os.ReadFile(golden(t, "trust"))
	must(t, err)
	f := behind(t, s.Stage.Cast.Pharmacy.Endpoint)
	f.Lie = func(path string, body []byte) []byte {
		if path == "/v1/trust" {
			return pinned
		}
		return body
	}
	p := tab(t, start(t, browser.Config{Language: language}), "about:blank")
	must(t, p.Before(`{
		const now = Date.parse('2026-11-21T09:00:50Z')
		globalThis.Date = class extends Date {
			constructor(...at) { at.length ? super(...at) : super(now) }
			static now() { return now }
		}
	}`))
	must(t, p.Go(f.URL))
	// The first check pins the root; its evidence is of another ledger.
	shown, why := check(t, p, s.fresh(t))
	expect(t, shown, why, "refused", "not_on_ledger")
	return p
}

// Where a pack was measured stands beside its state, with the history below; so does what
// became of its concealed code, and each alert in words of its own.
func TestMeasuredIsShown(t *testing.T) {
	s := play(t)
	for language, want := range map[string]map[string][]string{
		"en-GB": {
			"genuine-measured":          {"Measured genuine at hand-over, once: by Pharmacy", "Registered by Drug manufacturer"},
			"genuine-registered":        {"Registered for Pharmacy, not measured yet"},
			"genuine-measured-case":     {"The case with the pack was measured genuine at hand-over, once: by Pharmacy"},
			"genuine-measured-hops":     {"once: by Drug distributor", "once: by Pharmacy"},
			"genuine-measured-material": {"Raw material (01)04000002000011(10)ASA-7", "once: by Drug manufacturer"},
			"genuine-measured-alert":    {"Something was measured again as this pack", "by somebody for whom it was not meant"},
			"genuine-redeemed":          {"redeemed from another browser, 21 Nov 2026", "relayed by Pharmacy"},
			"genuine-code":              {"nobody had redeemed the code"},
		},
		"de-DE": {
			"genuine-measured": {"Bei Übergabe als echt gemessen, einmal: von Pharmacy"},
			"genuine-redeemed": {"mit einem anderen Browser eingelöst, 21.11.2026"},
		},
	} {
		p := goldenTab(t, s, language)
		for bundle, texts := range want {
			must(t, p.Click("#another"))
			must(t, p.Upload("#open-file", golden(t, bundle)))
			shown, why := verdict(t, p)
			expect(t, shown, why, "genuine", "")
			if strings.Contains(bundle, "code") || strings.Contains(bundle, "redeemed") {
				must(t, p.Until(`document.querySelector('#redeem[data-redeem]')`)) // it comes when it is wanted
			}
			got, err := p.Text("main")
			must(t, err)
			for _, text := range texts {
				if !strings.Contains(got, text) {
					t.Errorf("%s in %s: %q is not on the page:\n%s", bundle, language, text, got)
				}
			}
			clean(t, p)
			shot(t, p, "verify-"+bundle+"-"+language)
		}
	}
}

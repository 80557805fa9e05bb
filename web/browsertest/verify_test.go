package browsertest

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"theriac/gs1"
	"theriac/internal/browser"
	"theriac/internal/journey"
)

// verdict waits for the verdict and returns it with its reason.
func verdict(t *testing.T, p *browser.Page) (shown, why string) {
	t.Helper()
	must(t, p.Until(`document.querySelector('#verdict') && !document.querySelector('#again[aria-busy="true"]')`))
	is, err := browser.Evaluate[[]string](p, `[document.querySelector('#verdict').dataset.verdict, document.querySelector('#verdict').dataset.why]`)
	must(t, err)
	return is[0], is[1]
}

// check types a code into the page, which may show another verdict.
func check(t *testing.T, p *browser.Page, code string) (shown, why string) {
	t.Helper()
	if more, err := browser.Evaluate[bool](p, `Boolean(document.querySelector('#another'))`); err != nil || more {
		must(t, err)
		must(t, p.Click("#another"))
	}
	must(t, p.Until(`document.querySelector('#code')`))
	must(t, p.Type("#code", code))
	must(t, p.Click("#check"))
	return verdict(t, p)
}

func expect(t *testing.T, shown, why, want, because string) {
	t.Helper()
	if shown != want || because != "" && why != because {
		t.Errorf("the page shows %s (%s), want %s (%s)", shown, why, want, because)
	}
}

// A person types what is on the pack and sees the verdict, and what it rests on.
func TestTypedCode(t *testing.T) {
	s := play(t)
	for _, tt := range []struct {
		name   string
		config browser.Config
		scheme string
		word   string
	}{
		{"phone-light-en", browser.Config{}, "light", "Genuine"},
		{"phone-dark-de", browser.Config{Language: "de-DE"}, "dark", "Echt"},
		{"desk-light-de", browser.Config{Language: "de-DE", Width: 1280, Height: 900}, "light", "Echt"},
		{"narrow-dark-en", browser.Config{Width: 320, Height: 640}, "dark", "Genuine"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := tab(t, start(t, tt.config), s.Stage.Cast.Pharmacy.Endpoint)
			must(t, p.Media("prefers-color-scheme", tt.scheme))
			clean(t, p)
			shot(t, p, "verify-start-"+tt.name)
			shown, why := check(t, p, s.fresh(t))
			expect(t, shown, why, "genuine", "")
			if word, err := p.Text("#verdict-word"); err != nil || word != tt.word {
				t.Errorf("the word is %q, %v; want %q", word, err, tt.word)
			}
			all, err := p.Text("main")
			must(t, err)
			for _, want := range []string{"Theriacin", "500 mg", string(s.Lot), s.Certificate, "ASA-2026-07", "Supplier", "Station pharmacy"} {
				if !strings.Contains(all, want) {
					t.Errorf("the page does not say %q", want)
				}
			}
			if wide, err := browser.Evaluate[bool](p, `document.documentElement.scrollWidth > innerWidth`); err != nil || wide {
				t.Errorf("the page scrolls sideways: %v, %v", wide, err)
			}
			clean(t, p)
			shot(t, p, "verify-genuine-"+tt.name)
		})
	}
}

// A Digital Link of our own labels opens the page, which checks at once.
func TestDigitalLink(t *testing.T) {
	s := play(t)
	b := start(t, browser.Config{})
	id, err := gs1.ParseIdentifier(s.fresh(t), clock())
	must(t, err)
	p := tab(t, b, s.Stage.Cast.Pharmacy.Endpoint+"/01/"+string(id.GTIN)+"/10/"+string(id.Lot)+"/21/"+url.PathEscape(string(id.Serial)))
	shown, why := verdict(t, p)
	expect(t, shown, why, "genuine", "")
	// The same link with another lot is a label that lies.
	p = tab(t, b, s.Stage.Cast.Pharmacy.Endpoint+"/01/"+string(id.GTIN)+"/10/OTHER/21/"+url.PathEscape(string(id.Serial)))
	shown, why = verdict(t, p)
	expect(t, shown, why, "refused", "")
}

// A pack that was dispensed is not genuine a second time, nor after a recall.
func TestDispensedAndRecalled(t *testing.T) {
	s := play(t)
	b := start(t, browser.Config{})
	dispensed := s.fresh(t)
	_, err := s.Dispense(t.Context(), &s.Stage.Cast.Pharmacy, dispensed)
	must(t, err)
	p := tab(t, b, s.Stage.Cast.Pharmacy.Endpoint)
	shown, why := check(t, p, dispensed)
	expect(t, shown, why, "dispensed", "pack_dispensed")
	clean(t, p)
	shot(t, p, "verify-dispensed")

	// Another batch, so that the others' packs stay what they are.
	other := &scene{Stage: s.Stage, Story: &journey.Story{Cast: s.Stage.Cast, Packs: 2, Tell: func(string, string) {}}}
	must(t, other.Run(t.Context()))
	recall(t, other)
	shown, why = check(t, p, other.fresh(t))
	expect(t, shown, why, "refused", "recalled")
	clean(t, p)
	shot(t, p, "verify-recalled")
}

// The evidence is taken away as a file, and opened again without asking anybody.
func TestEvidenceFile(t *testing.T) {
	s := play(t)
	front := behind(t, s.Stage.Cast.Pharmacy.Endpoint)
	p := tab(t, start(t, browser.Config{}), front.URL)
	raw, err := s.Stage.Cast.Pharmacy.API.Bundle(t.Context(), s.fresh(t))
	must(t, err)
	file := filepath.Join(t.TempDir(), "bundle.json")
	must(t, os.WriteFile(file, raw, 0o600))
	check(t, p, s.fresh(t))
	// The page has pinned its root of trust; from here on nobody answers.
	front.Close()
	must(t, p.Upload("#open-file", file))
	shown, why := verdict(t, p)
	expect(t, shown, why, "genuine", "")
	must(t, os.WriteFile(file, []byte(strings.Replace(string(raw), `"produced":"2026-10-01"`, `"produced":"2026-10-02"`, 1)), 0o600))
	must(t, p.Upload("#open-file", file))
	must(t, p.Until(`document.querySelector('#verdict')?.dataset.verdict === 'refused'`))
	shown, why = verdict(t, p)
	expect(t, shown, why, "refused", "body_mismatch")
	if blame, err := browser.Evaluate[string](p, `document.querySelector('#blame').dataset.blame`); err != nil || blame != "supplier" {
		t.Errorf("blamed: %q, %v", blame, err)
	}
	shot(t, p, "verify-changed-byte")
}

// The verdict stays when the server has gone, and another check says that it has.
func TestVerdictWithoutServer(t *testing.T) {
	s := play(t)
	front := behind(t, s.Stage.Cast.Pharmacy.Endpoint)
	p := tab(t, start(t, browser.Config{}), front.URL)
	shown, why := check(t, p, s.fresh(t))
	expect(t, shown, why, "genuine", "")
	front.Close()
	must(t, p.Click("#again"))
	must(t, p.Until(`document.querySelector('#verdict .notice')`))
	shown, why = verdict(t, p)
	expect(t, shown, why, "genuine", "")
	shot(t, p, "verify-server-gone")
}

// A report is signed in the browser and reaches maker and administration.
func TestReport(t *testing.T) {
	s := play(t)
	p := tab(t, start(t, browser.Config{}), s.Stage.Cast.Pharmacy.Endpoint)
	check(t, p, s.fresh(t))
	must(t, p.Click("#report"))
	must(t, p.Click(`#report-dialog input[value="suspected_fake"]`))
	must(t, p.Type("#report-text", "The blister has no embossing."))
	clean(t, p)
	shot(t, p, "report-form")
	must(t, p.Click("#report-send"))
	must(t, p.Until(`document.querySelector('#report-sent')?.dataset.status === 'received'`))
	clean(t, p)
	shot(t, p, "report-received")
	for _, who := range []*journey.Actor{&s.Stage.Cast.Manufacturer, &s.Stage.Cast.Administration} {
		if !told(t, who, "The blister has no embossing.") {
			t.Errorf("%s does not have the report", who.Name)
		}
	}
}

package browsertest

import (
	"strings"
	"testing"

	"theriac/internal/browser"
)

// A copy of a code comes to another counter: whoever checks the pack then sees that it
// was dispensed, and by whom and when the copy was met.
func TestAlertIsShown(t *testing.T) {
	s := play(t)
	code := s.fresh(t)
	cast := &s.Stage.Cast
	_, err := s.Dispense(t.Context(), &cast.Pharmacy, code)
	must(t, err)
	for range 2 {
		if _, err := s.Dispense(t.Context(), &cast.Hospital, code); err == nil {
			t.Fatal("a copy was dispensed")
		}
	}
	for language, want := range map[string]string{"en-GB": "Raised at " + cast.Hospital.Name, "de-DE": "Ausgelöst bei " + cast.Hospital.Name} {
		p := tab(t, start(t, browser.Config{Language: language}), cast.Manufacturer.Endpoint)
		shown, why := check(t, p, code)
		expect(t, shown, why, "dispensed", "pack_dispensed")
		got, err := p.Text(`[data-alert="already_dispensed"]`)
		must(t, err)
		if !strings.Contains(got, want) {
			t.Errorf("the page says %q, want %q in it", got, want)
		}
		clean(t, p)
		shot(t, p, "verify-alert-"+language)
		// Another pack's page says nothing of it.
		shown, why = check(t, p, s.fresh(t))
		expect(t, shown, why, "genuine", "")
		if more, err := browser.Evaluate[bool](p, `document.querySelector('[data-alert]') !== null`); err != nil || more {
			t.Errorf("another pack has an alert: %v, %v", more, err)
		}
	}
}

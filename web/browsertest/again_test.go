package browsertest

import (
	"strings"
	"testing"
	"time"

	"theriac/gs1"
	"theriac/internal/browser"
)

// rechecked returns what the page shows once it checks no more.
func rechecked(t *testing.T, p *browser.Page) (shown, why string) {
	t.Helper()
	must(t, p.Until(`document.querySelector('#verdict') && !document.querySelector('#again')?.disabled`))
	shown, err := browser.Evaluate[string](p, `document.querySelector('#verdict').dataset.verdict`)
	must(t, err)
	why, err = browser.Evaluate[string](p, `document.querySelector('#verdict').dataset.why`)
	must(t, err)
	return shown, why
}

// Attack: a label copies a genuine pack's code and leads to a phisher's server. What
// is refused is not genuine when it is checked again, at once or from the history.
func TestForeignLabelIsForeignAgain(t *testing.T) {
	s := play(t)
	code := s.fresh(t)
	id, err := gs1.ParseIdentifier(code, time.Now())
	must(t, err)
	link, err := id.DigitalLink()
	must(t, err)
	p := tab(t, start(t, browser.Config{}), s.Stage.Cast.Pharmacy.Endpoint)
	must(t, p.Click("#history input"))
	shown, why := check(t, p, strings.Replace(link, "id.gs1.org", "evil.example", 1))
	expect(t, shown, why, "cannot_check", "foreign")
	must(t, p.Click("#again"))
	shown, why = rechecked(t, p)
	expect(t, shown, why, "cannot_check", "foreign")
	must(t, p.Click("#another"))
	must(t, p.Until(`document.querySelector('#history li button')`))
	must(t, p.Click("#history li button"))
	shown, why = rechecked(t, p)
	expect(t, shown, why, "cannot_check", "foreign")
}

// Attack: a server shows another root of trust than the poster's, and the person goes
// to the start of the page, where no poster is.
func TestExpectedRootGoesAlong(t *testing.T) {
	s := play(t)
	poster := "/#trust=" + strings.Repeat("A", 43)
	p := tab(t, start(t, browser.Config{}), s.Stage.Cast.Pharmacy.Endpoint+poster)
	code := s.fresh(t)
	shown, why := check(t, p, code)
	expect(t, shown, why, "cannot_check", "other_served")
	must(t, p.Click(".brand"))
	must(t, p.Until(`document.querySelector('#code')`))
	shown, why = check(t, p, code)
	expect(t, shown, why, "cannot_check", "other_served")
}

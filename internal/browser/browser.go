// Package browser drives Chromium: what tests and benchmarks of the pages do with
// a real browser, its camera and its authenticator. The camera plays a film, and
// the authenticator is the browser's own virtual one; the pages cannot tell.
package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// ErrNone is returned where Chromium is not installed.
var ErrNone = errors.New("browser: no chromium (Debian package chromium)")

// patience is how long a page may take for what is waited for.
const patience = 20 * time.Second

// A Config says how a browser starts.
type Config struct {
	Camera        string // a film, made by Film; empty: no camera
	Language      string // of the person, as en-GB
	Width, Height int64  // of the window; 0: a phone's, 390 × 844
}

// A Browser is a Chromium with a profile of its own.
type Browser struct {
	ctx    context.Context
	config Config
	end    []context.CancelFunc
}

// Start starts a browser that ends with ctx, or by Close.
func Start(ctx context.Context, c Config) (*Browser, error) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		return nil, ErrNone
	}
	if c.Width == 0 {
		c.Width, c.Height = 390, 844
	}
	if c.Language == "" {
		c.Language = "en-GB"
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("lang", c.Language), chromedp.Flag("accept-lang", c.Language),
		chromedp.WindowSize(int(c.Width), int(c.Height)),
	}
	if c.Camera != "" {
		options = append(options, chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("use-fake-device-for-media-stream", true),
			chromedp.Flag("use-file-for-fake-video-capture", c.Camera))
	}
	b := &Browser{config: c}
	ctx, cancel := chromedp.NewExecAllocator(ctx, options...)
	b.end = append(b.end, cancel)
	b.ctx, cancel = chromedp.NewContext(ctx)
	b.end = append(b.end, cancel)
	// The first action starts the browser and must not have a deadline of its own.
	if err := chromedp.Do(b.ctx); err != nil {
		b.Close()
		return nil, fmt.Errorf("browser: %w", err)
	}
	return b, nil
}

// Close ends the browser.
func (b *Browser) Close() {
	for i := len(b.end) - 1; i >= 0; i-- {
		b.end[i]()
	}
}

// A Page is a tab.
type Page struct {
	ctx context.Context
	// Complaints are errors and refusals of the content security policy that the
	// page put into its console.
	Complaints chan string
	close      context.CancelFunc
}

// Page opens a tab.
func (b *Browser) Page() (*Page, error) {
	ctx, cancel := chromedp.NewContext(b.ctx)
	p := &Page{ctx: ctx, Complaints: make(chan string, 64), close: cancel}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(b.config.Width, b.config.Height)); err != nil {
		cancel()
		return nil, fmt.Errorf("browser: %w", err)
	}
	go func() {
		for m, err := range chromedp.Console(ctx) {
			if err != nil {
				return
			}
			p.complain(m)
		}
	}()
	return p, nil
}

func (p *Page) complain(m chromedp.ConsoleMessage) {
	if m.Type != chromedp.ConsoleError && m.Type != chromedp.ConsoleException {
		return
	}
	select {
	case p.Complaints <- m.Text:
	default: // whoever reads them has enough
	}
}

// Close closes the tab.
func (p *Page) Close() { p.close() }

// Do runs steps, each of which must end within the page's patience.
func (p *Page) Do(steps ...chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Do(ctx, steps...)
}

// Go opens an address.
func (p *Page) Go(url string) error {
	if err := p.Do(chromedp.Navigate(url)); err != nil {
		return fmt.Errorf("browser: open %s: %w", url, err)
	}
	return nil
}

// Until waits until a JavaScript expression is true.
func (p *Page) Until(expression string) error {
	ctx, cancel := context.WithTimeout(p.ctx, patience+time.Second)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool]("Boolean("+expression+")", chromedp.WithPollingTimeout(patience))); err != nil {
		return fmt.Errorf("browser: until %s: %w", expression, err)
	}
	return nil
}

// Click clicks on what a CSS selector finds, once it can be seen.
func (p *Page) Click(selector string) error {
	if err := p.Do(chromedp.Click(chromedp.CSS(selector))); err != nil {
		return fmt.Errorf("browser: click %s: %w", selector, err)
	}
	return nil
}

// Type replaces the text of a field, as if it was typed over it.
func (p *Page) Type(selector, text string) error {
	// What is not shown yet, as in a dialog that opens, takes no focus.
	chosen := fmt.Sprintf("((f) => { f?.focus(); f?.select?.(); return f && document.activeElement === f })(document.querySelector(%q))", selector)
	if err := p.Until(chosen); err != nil {
		return fmt.Errorf("browser: type into %s: %w", selector, err)
	}
	if text == "" {
		return p.Press(kb.Delete)
	}
	// As a paste or a scanner's burst of keys: what is long comes at once.
	_, err := chromedp.Call(p.ctx, input.InsertText, input.InsertTextParams{Text: text})
	return err
}

// Press presses a key (package kb), as kb.Escape.
func (p *Page) Press(key string) error { return p.Do(chromedp.KeyEvent(key)) }

// Before has a script run before those of every page that is opened from now on.
func (p *Page) Before(script string) error {
	_, err := chromedp.Call(p.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
	return err
}

// Upload chooses a file in a file field.
func (p *Page) Upload(selector, file string) error {
	return p.Do(chromedp.SetUploadFiles(chromedp.CSS(selector), []string{file}))
}

// Text returns what a person reads in an element.
func (p *Page) Text(selector string) (string, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Text(chromedp.CSS(selector)))
}

// Evaluate returns the value of a JavaScript expression, or of its promise.
func Evaluate[T any](p *Page, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// Picture returns a PNG of the whole page.
func (p *Page) Picture() ([]byte, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.FullScreenshot(100))
}

// Media sets a media feature, as prefers-color-scheme to dark.
func (p *Page) Media(feature, value string) error {
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: feature, Value: value}},
	})
	return err
}

// Authenticator gives the tab an authenticator with resident keys that verifies
// its user, as a phone's.
func (p *Page) Authenticator() error {
	if _, err := chromedp.Call(p.ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		return err
	}
	_, err := chromedp.Call(p.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
		Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true,
			IsUserVerified: true, AutomaticPresenceSimulation: true,
		},
	})
	return err
}

// A Violation is what axe-core finds wrong with a page.
type Violation struct {
	ID     string   `json:"id"`
	Impact string   `json:"impact"`
	Help   string   `json:"help"`
	Nodes  []string `json:"nodes"`
}

// Axe runs axe-core, whose script is given, over the page.
func (p *Page) Axe(script string) ([]Violation, error) {
	// The protocol's evaluation is not held to the page's content security policy.
	if _, err := Evaluate[json.RawMessage](p, script+"\n;null"); err != nil {
		return nil, fmt.Errorf("browser: axe: %w", err)
	}
	return Evaluate[[]Violation](p, `axe.run(document, {resultTypes: ['violations']}).then((r) => r.violations.map((v) => (
		{id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.map((n) => n.html + ' ' + n.failureSummary)})))`)
}

package redteam

import (
	"context"
	"net"
	"testing"
	"time"

	"theriac/client"
	"theriac/internal/journey"
	"theriac/internal/organisation"
)

// A site is one organisation of a stage that was closed, opened again by itself.
type site struct {
	*party
	org  *organisation.Organisation
	stop func()
}

// reopen opens an organisation of a closed stage with options, at its old address.
func (w *world) reopen(t testing.TB, p *party, o organisation.Options) *site {
	t.Helper()
	if o.Limit == 0 {
		o.Limit = plenty
	}
	org, err := organisation.Open(t.Context(), p.dir, o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", org.Settings.Listen)
	if err != nil {
		t.Fatal(err, org.Close())
	}
	api, err := client.New("http://"+l.Addr().String(), p.token)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- org.Serve(ctx, l) }()
	s := &site{org: org, party: &party{
		Actor: &journey.Actor{Name: p.Name, GLN: p.GLN, Endpoint: "http://" + l.Addr().String(), API: api}, dir: p.dir, token: p.token,
	}}
	s.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := org.Close(); err != nil {
			t.Error(err)
		}
		// Who opens next at this address does not know the old connections.
		w.http.CloseIdleConnections()
	}
	return s
}

// ready waits until the site's node takes transactions.
func (s *site) ready(t testing.TB) {
	t.Helper()
	until(t, s.Name+" is ready", func() bool {
		_, err := s.API.Raw(t.Context(), "/readyz", nil)
		return err == nil
	})
}

// frozen returns a clock that stands.
func frozen(at time.Time) func() time.Time { return func() time.Time { return at } }

// shifted returns a clock that is wrong by d.
func shifted(d time.Duration) func() time.Time { return func() time.Time { return time.Now().Add(d) } }

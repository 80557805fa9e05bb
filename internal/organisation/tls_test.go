package organisation

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"theriac/chain"
	"theriac/client"
)

// An authority issues certificates into files.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func writePEM(t testing.TB, name, kind string, der []byte) string {
	t.Helper()
	put(t, name, string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})))
	return name
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{key: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)}
	a.cert = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Consortium"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der := must(x509.CreateCertificate(rand.Reader, a.cert, a.cert, &a.key.PublicKey, a.key))(t)
	a.cert = must(x509.ParseCertificate(der))(t)
	a.file = writePEM(t, filepath.Join(t.TempDir(), "ca.pem"), "CERTIFICATE", der)
	return a
}

// issue returns files of a certificate for the loopback address and its key.
func (a *authority) issue(t testing.TB) (cert, key string) {
	t.Helper()
	private := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	der := must(x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Member"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a.cert, &private.PublicKey, a.key))(t)
	dir := t.TempDir()
	cert = writePEM(t, filepath.Join(dir, "cert.pem"), "CERTIFICATE", der)
	return cert, writePEM(t, filepath.Join(dir, "key.pem"), "PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(private))(t))
}

func (a *authority) settings(t testing.TB) TLS {
	t.Helper()
	cert, key := a.issue(t)
	return TLS{Certificate: cert, Key: key, ClientCA: a.file, RootCA: a.file}
}

// over returns a client that calls as somebody with these settings does.
func over(t testing.TB, s TLS, change func(*tls.Config)) func(*client.Client) *client.Client {
	t.Helper()
	config := must(s.client())(t)
	if change != nil {
		change(config)
	}
	transport := &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}
	return func(c *client.Client) *client.Client { return c.With(transport) }
}

// Organisations of one consortium trade over HTTPS under its own authority. Nobody
// else gets in with a certificate, and nobody passes for a member.
func TestTLS(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	plans := town(t, func(p *Plan) {
		p.Settings.TLS = ca.settings(t)
		p.Settings.Endpoint = p.Settings.Scheme() + "://" + p.Settings.Listen
	})
	office := run(t, plans[0].Dir, nil, over(t, plans[0].Settings.TLS, nil))
	office.ready(t)
	maker := run(t, plans[1].Dir, office.Node, over(t, plans[1].Settings.TLS, nil))
	supplier := run(t, plans[2].Dir, office.Node, over(t, plans[2].Settings.TLS, nil))
	if scheme := maker.Settings.Scheme(); scheme != "https" {
		t.Fatalf("scheme %s", scheme)
	}
	request(t, maker, supplier, "paracetamol")

	stranger := other.settings(t)
	stranger.RootCA = ca.file // who believes the server, but is not believed
	anybody := TLS{RootCA: ca.file}
	for name, tt := range map[string]struct {
		how  func(*client.Client) *client.Client
		good bool
	}{
		"a member":               {over(t, plans[2].Settings.TLS, nil), true},
		"who shows nothing":      {over(t, anybody, nil), true},
		"of another authority":   {over(t, stranger, nil), false},
		"TLS 1.2":                {over(t, anybody, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 }), false},
		"TLS 1.0":                {over(t, anybody, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS10 }), false},
		"who knows another CA":   {over(t, TLS{RootCA: other.file}, nil), false},
		"who knows the system's": {over(t, TLS{}, nil), false},
	} {
		_, err := tt.how(must(client.New(maker.Settings.Endpoint, ""))(t)).Raw(t.Context(), "/livez", nil)
		if (err == nil) != tt.good || err != nil && !errors.Is(err, client.ErrUnreachable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// In the clear nobody gets an answer.
	if _, err := must(client.New("http://"+maker.Settings.Listen, ""))(t).Raw(t.Context(), "/livez", nil); !errors.Is(err, client.ErrUnreachable) {
		t.Errorf("over HTTP: %v", err)
	}
}

// A server that passes for a member, with a certificate that nobody here believes,
// gets no message.
func TestTLSUnknownServer(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	impostor := other.settings(t)
	l := tls.NewListener(must(net.Listen("tcp", "127.0.0.1:0"))(t), must(impostor.server())(t))
	asked := make(chan struct{}, 1)
	server := &http.Server{ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0), Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked <- struct{}{} })}
	go func() { _ = server.Serve(l) }() // ends with Close
	t.Cleanup(func() { server.Close() })
	mine := ca.settings(t)
	p := post{&http.Transport{TLSClientConfig: must(mine.client())(t)}}
	if _, err := p.Deliver(t.Context(), "https://"+l.Addr().String(), []byte("{}")); !errors.Is(err, client.ErrUnreachable) {
		t.Errorf("Deliver = %v, want ErrUnreachable", err)
	}
	select {
	case <-asked:
		t.Error("the message came")
	default:
	}
}

// TLS that does not load ends the organisation, before it listens in the clear.
func TestTLSDoesNotLoad(t *testing.T) {
	ca := newAuthority(t)
	cert, key := ca.issue(t)
	_, otherKey := ca.issue(t)
	empty := filepath.Join(t.TempDir(), "empty.pem")
	put(t, empty, "")
	for name, s := range map[string]TLS{
		"no certificate":  {Certificate: "none.pem", Key: key},
		"another's key":   {Certificate: cert, Key: otherKey},
		"no client ca":    {Certificate: cert, Key: key, ClientCA: "none.pem"},
		"empty client ca": {Certificate: cert, Key: key, ClientCA: empty},
	} {
		if c, err := s.server(); err == nil {
			t.Errorf("%s: server = %v", name, c)
		}
		p := planOf(t, 1, chain.Governor)
		p.Settings.TLS = s
		x := &Organisation{Settings: &p.Settings, log: slog.New(slog.DiscardHandler)}
		if err := x.Serve(t.Context(), must(net.Listen("tcp", "127.0.0.1:0"))(t)); err == nil {
			t.Errorf("%s: served", name)
		}
	}
	if c, err := (&TLS{RootCA: empty}).client(); err == nil {
		t.Errorf("client = %v with an empty file of authorities", c)
	}
	if err := os.Remove(empty); err != nil {
		t.Fatal(err)
	}
	if c, err := (&TLS{RootCA: empty}).client(); err == nil {
		t.Errorf("client = %v without the file of authorities", c)
	}
	if c, err := (&TLS{}).server(); c != nil || err != nil {
		t.Errorf("server without TLS = %v, %v", c, err)
	}
}

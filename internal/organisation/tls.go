package organisation

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// TLS makes the API speak HTTPS, TLS 1.3. It keeps the curious out; who said what
// is settled by signatures, whoever carried it.
type TLS struct {
	Certificate string `json:"certificate,omitempty"` // PEM file, shown to callers and to those called
	Key         string `json:"key,omitempty"`         // PEM file
	ClientCA    string `json:"client_ca,omitempty"`   // PEM file: callers that show a certificate must have it from here
	RootCA      string `json:"root_ca,omitempty"`     // PEM file: others' servers are believed from here; empty: from the system's
}

// Scheme returns that of the API's address.
func (s *Settings) Scheme() string {
	if s.TLS.Certificate != "" {
		return "https"
	}
	return "http"
}

// check refuses halves: what looks like TLS must not be plain HTTP.
func (t *TLS) check() error {
	if (t.Certificate == "") != (t.Key == "") {
		return errors.New("settings: tls needs both certificate and key")
	}
	if t.ClientCA != "" && t.Certificate == "" {
		return errors.New("settings: tls client_ca needs certificate and key")
	}
	return nil
}

// server returns the configuration for callers, nil for plain HTTP.
func (t *TLS) server() (*tls.Config, error) {
	c, err := t.own()
	if err != nil || c.Certificates == nil {
		return nil, err
	}
	if c.ClientCAs, err = pool(t.ClientCA); c.ClientCAs != nil {
		c.ClientAuth = tls.VerifyClientCertIfGiven
	}
	return c, err
}

// client returns the configuration for calls to others.
func (t *TLS) client() (*tls.Config, error) {
	c, err := t.own()
	if err == nil {
		c.RootCAs, err = pool(t.RootCA)
	}
	return c, err
}

func (t *TLS) own() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS13}
	if t.Certificate == "" {
		return c, nil
	}
	cert, err := tls.LoadX509KeyPair(t.Certificate, t.Key)
	if err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	c.Certificates = []tls.Certificate{cert}
	return c, nil
}

// pool reads a file of authorities; nil for no file.
func pool(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	p := x509.NewCertPool()
	if !p.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("tls: %s holds no certificate", file)
	}
	return p, nil
}

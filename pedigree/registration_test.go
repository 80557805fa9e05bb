package pedigree_test

import (
	"errors"
	"testing"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/internal/ledger/ledgertest"
	"theriac/pedigree"
)

// application returns what the manufacturer asks for, before it is signed.
func (s *tale) application() *pedigree.Application {
	k := s.key(s.dm)
	return &pedigree.Application{
		Chain: ledgertest.ChainID, Endpoint: "https://maker.example/inbox", Key: k.Point(), Name: s.dm.Name,
		Prefixes: []string{"40000030"}, Roles: []chain.Role{chain.Manufacturer}, SealKey: k.Point(),
	}
}

// apply signs an application with the key of by.
func (s *tale) apply(a *pedigree.Application, by *ledgertest.Org, twist func(*envelope.Claims)) *envelope.Message {
	s.t.Helper()
	body, err := envelope.BodyOf(a, ledgertest.NewID)
	if err != nil {
		s.t.Fatal(err)
	}
	c := envelope.Claims{
		Audience: s.da.GLN, Case: "registration", Expires: s.now.Unix() + 60, IssuedAt: s.now.Unix(),
		Issuer: s.dm.GLN, ID: ledgertest.NewID(), Prev: []canon.Digest{}, Type: pedigree.TypeApplication,
	}
	if twist != nil {
		twist(&c)
	}
	m, err := envelope.Sign(by.Key, c, body)
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}

// Paper 000, IV-E: identity, public key, and here the proof that the private key
// is there.
func TestApplication(t *testing.T) {
	s := newTale(t)
	want := s.application()
	got, key, err := pedigree.OpenApplication(s.apply(want, s.dm, nil), ledgertest.ChainID, s.now.Unix())
	if err != nil {
		t.Fatal(err)
	}
	if got.Name != want.Name || key.ID() != s.key(s.dm).ID() || got.Type() != pedigree.TypeApplication {
		t.Errorf("OpenApplication = %+v, key %s", got, key.ID())
	}
	// At its last second it still counts.
	if _, _, err := pedigree.OpenApplication(s.apply(want, s.dm, nil), ledgertest.ChainID, s.now.Unix()+60); err != nil {
		t.Error(err)
	}
}

func TestOpenApplicationRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		twist  func(s *tale, a *pedigree.Application)
		claims func(c *envelope.Claims)
		want   error
	}{
		"another's key":       {func(s *tale, a *pedigree.Application) { k := s.key(s.dd); a.Key = k.Point() }, nil, envelope.ErrKeyID},
		"no key":              {func(_ *tale, a *pedigree.Application) { a.Key = nil }, nil, envelope.ErrKey},
		"key off the curve":   {func(_ *tale, a *pedigree.Application) { a.Key[64] ^= 1 }, nil, envelope.ErrKey},
		"another chain":       {func(_ *tale, a *pedigree.Application) { a.Chain = "other" }, nil, nil},
		"no name":             {func(_ *tale, a *pedigree.Application) { a.Name = "" }, nil, envelope.ErrField},
		"no role":             {func(_ *tale, a *pedigree.Application) { a.Roles = nil }, nil, nil},
		"roles together":      {func(_ *tale, a *pedigree.Application) { a.Roles = []chain.Role{chain.Administration, chain.Supplier} }, nil, nil},
		"prefixes":            {func(_ *tale, a *pedigree.Application) { a.Prefixes = []string{"400"} }, nil, nil},
		"endpoint":            {func(_ *tale, a *pedigree.Application) { a.Endpoint = "ftp://maker.example" }, nil, nil},
		"seal key":            {func(_ *tale, a *pedigree.Application) { a.SealKey = a.SealKey[:64] }, nil, nil},
		"of another type":     {nil, func(c *envelope.Claims) { c.Type = pedigree.TypeMaterialRequest }, envelope.ErrType},
		"answers something":   {nil, func(c *envelope.Claims) { c.Prev = []canon.Digest{{1}} }, envelope.ErrType},
		"expired":             {nil, func(c *envelope.Claims) { c.Expires = c.IssuedAt - 1; c.IssuedAt-- }, envelope.ErrExpired},
		"issuer is no GLN":    {nil, func(c *envelope.Claims) { c.Issuer = "4000000000031" }, nil},
		"issuer is something": {nil, func(c *envelope.Claims) { c.Issuer = "maker" }, nil},
	} {
		s := newTale(t)
		a := s.application()
		if tt.twist != nil {
			tt.twist(s, a)
		}
		got, _, err := pedigree.OpenApplication(s.apply(a, s.dm, tt.claims), ledgertest.ChainID, s.now.Unix())
		if got != nil || err == nil || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: OpenApplication = %v, want %v", name, err, tt.want)
		}
		if !errors.Is(err, pedigree.ErrApplication) && !errors.Is(err, envelope.ErrField) {
			t.Errorf("%s: %v has no name of ours", name, err)
		}
	}
	s := newTale(t)
	m := s.apply(s.application(), s.dm, nil)
	for name, bad := range map[string]*envelope.Message{
		"signed by another": s.apply(s.application(), s.dd, nil),
		"a field withheld":  {Body: m.Body.Disclose("chain"), Envelope: m.Envelope},
		"another body":      {Body: s.apply(s.application(), s.dm, nil).Body, Envelope: m.Envelope},
		"a bit of s":        {Body: m.Body, Envelope: flipSignature(t, m.Envelope)},
	} {
		if a, _, err := pedigree.OpenApplication(bad, ledgertest.ChainID, s.now.Unix()); a != nil || !errors.Is(err, pedigree.ErrApplication) {
			t.Errorf("%s: OpenApplication = %v, want %v", name, err, pedigree.ErrApplication)
		}
	}
}

func TestCheckRoles(t *testing.T) {
	for _, r := range chain.Roles() {
		if err := pedigree.CheckRoles([]chain.Role{r}); err != nil {
			t.Error(err)
		}
		trades := r == chain.Supplier || r == chain.Manufacturer || r == chain.Distributor
		both := []chain.Role{chain.Administration, r}
		if r != chain.Administration && (pedigree.CheckRoles(both) == nil) == trades {
			t.Errorf("CheckRoles(%v) = %v", both, pedigree.CheckRoles(both))
		}
	}
	for _, roles := range [][]chain.Role{
		nil, {"doctor"}, {""}, {chain.Pharmacy, chain.Pharmacy}, {chain.Supplier, chain.Manufacturer},
	} {
		if err := pedigree.CheckRoles(roles); !errors.Is(err, pedigree.ErrApplication) {
			t.Errorf("CheckRoles(%v) = %v, want %v", roles, err, pedigree.ErrApplication)
		}
	}
}

func TestCheckPrefixes(t *testing.T) {
	for _, tt := range []struct {
		prefixes []string
		good     bool
	}{
		{nil, true},
		{[]string{"4000"}, true},
		{[]string{"400000000000"}, true},
		{[]string{"4000", "40001"}, true},
		{[]string{"400"}, false},
		{[]string{"4000000000000"}, false},
		{[]string{"400O"}, false},
		{[]string{"40 0"}, false},
		{[]string{"4001", "4000"}, false},
		{[]string{"4000", "4000"}, false},
		{[]string{""}, false},
	} {
		if err := pedigree.CheckPrefixes(tt.prefixes); (err == nil) != tt.good || err != nil && !errors.Is(err, pedigree.ErrApplication) {
			t.Errorf("CheckPrefixes(%q) = %v, good %t", tt.prefixes, err, tt.good)
		}
	}
}

func TestCheckEndpoint(t *testing.T) {
	for endpoint, good := range map[string]bool{
		"": true, "https://maker.example": true, "http://127.0.0.1:8080/inbox": true,
		"maker.example": false, "ftp://maker.example": false, "https://": false, "https:///inbox": false, "javascript:alert(1)": false,
		"https://user@maker.example": false, "https://maker.example?a": false, "https://maker.example#a": false,
		"https://maker.example/\n": false, "https://[::1": false,
	} {
		if err := pedigree.CheckEndpoint(endpoint); (err == nil) != good || err != nil && !errors.Is(err, pedigree.ErrApplication) {
			t.Errorf("CheckEndpoint(%q) = %v, good %t", endpoint, err, good)
		}
	}
}

// What is accepted as an application is spelled in one way and signed with the key in it.
func FuzzOpenApplication(f *testing.F) {
	s := newTale(&testing.T{})
	raw, err := s.apply(s.application(), s.dm, nil).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := envelope.DecodeMessage(raw)
		if err != nil {
			return
		}
		a, key, err := pedigree.OpenApplication(m, ledgertest.ChainID, s.now.Unix())
		if err != nil {
			return
		}
		again, err := m.Encode()
		if err != nil || string(again) != string(raw) || key.Verify(m.Envelope.Signature()) != nil || string(a.Key) != string(key.Point()) {
			t.Errorf("accepted %s", raw)
		}
	})
}

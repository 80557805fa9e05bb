package ledgertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/gs1"
	"theriac/pedigree"
)

// An Org is an organisation with its key.
type Org struct {
	T        TB
	GLN      string
	Name     string
	Roles    []chain.Role
	Prefixes []string
	Key      *ecdsa.PrivateKey
}

// NewOrg makes an organisation. The GLN is completed with its check digit.
func NewOrg(t TB, name, gln12 string, prefixes []string, roles ...chain.Role) *Org {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &Org{t, WithCheckDigit(gln12), name, roles, prefixes, key}
}

// For returns the organisation for another test.
func (o *Org) For(t TB) *Org {
	c := *o
	c.T = t
	return &c
}

// WithCheckDigit completes a GS1 key of digits.
func WithCheckDigit(digits string) string {
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			d *= 3
		}
		sum += d
	}
	return digits + string(rune('0'+(10-sum%10)%10))
}

// NewID returns random bits.
func NewID() canon.ID {
	var id canon.ID
	if _, err := rand.Read(id[:]); err != nil {
		panic(err)
	}
	return id
}

// Apply returns the organisation's application for membership.
func (o *Org) Apply(now time.Time) *envelope.Message {
	o.T.Helper()
	key, err := envelope.KeyOf(o.Key)
	if err != nil {
		o.T.Fatal(err)
	}
	return o.message(now, "registration", o.GLN, &pedigree.Application{
		Chain: ChainID, Endpoint: "http://127.0.0.1:1", Key: key.Point(), Name: o.Name, Prefixes: o.Prefixes, Roles: o.Roles,
	})
}

// Message returns a signed message.
func (o *Org) Message(now time.Time, id string, to *Org, content pedigree.Content, prev ...*envelope.Message) *envelope.Message {
	o.T.Helper()
	return o.message(now, id, to.GLN, content, prev...)
}

func (o *Org) message(now time.Time, id, to string, content pedigree.Content, prev ...*envelope.Message) *envelope.Message {
	o.T.Helper()
	body, err := envelope.BodyOf(content, NewID)
	if err != nil {
		o.T.Fatal(err)
	}
	c := envelope.Claims{
		Audience: to, Case: id, Expires: now.Add(time.Hour).Unix(), IssuedAt: now.Unix(), Issuer: o.GLN,
		ID: NewID(), Prev: []canon.Digest{}, Type: content.Type(),
	}
	for _, p := range prev {
		c.Prev = append(c.Prev, p.Envelope.Digest())
	}
	m, err := envelope.Sign(o.Key, c, body)
	if err != nil {
		o.T.Fatal(err)
	}
	return m
}

// Tx returns a signed transaction.
func (o *Org) Tx(now time.Time, kind chain.Kind, body any) []byte {
	o.T.Helper()
	return o.Sign(o.Plain(now, kind, body))
}

// Plain returns a transaction before it is signed.
func (o *Org) Plain(now time.Time, kind chain.Kind, body any) chain.Tx {
	o.T.Helper()
	raw, err := canon.CBOR(body)
	if err != nil {
		o.T.Fatal(err)
	}
	return chain.Tx{Chain: ChainID, Kind: kind, Sender: o.GLN, ID: NewID(), Time: chain.Millis(now), Body: raw}
}

// Sign signs a transaction, whatever it says.
func (o *Org) Sign(tx chain.Tx) []byte {
	o.T.Helper()
	payload, err := canon.CBOR(tx)
	if err != nil {
		o.T.Fatal(err)
	}
	raw, err := envelope.SignSign1(o.Key, chain.TxType, payload)
	if err != nil {
		o.T.Fatal(err)
	}
	return raw
}

// Anchor returns the transaction with which a receiver anchors a message.
func (o *Org) Anchor(now time.Time, m *envelope.Message) []byte {
	o.T.Helper()
	return o.Tx(now, chain.KindExchange, o.Exchange(m))
}

// Exchange returns the argument of the transaction that anchors a message.
func (o *Org) Exchange(m *envelope.Message) chain.Exchange {
	o.T.Helper()
	var names []string
	if x, err := pedigree.Find(m.Envelope.Claims.Type); err == nil {
		names = x.Discloses
	}
	body, err := canon.CBOR(m.Body.Disclose(names...))
	if err != nil {
		o.T.Fatal(err)
	}
	return chain.Exchange{Message: m.Envelope.Raw(), Body: body, Paper: m.Envelope.PaperDigest()}
}

// Credential returns a Cert_D signed by the organisation.
func (o *Org) Credential(holder *Org, dossier canon.Digest, number string, from time.Time, gtins ...gs1.GTIN) string {
	o.T.Helper()
	c := pedigree.NewCredential(ChainID, o.GLN, pedigree.Authorisation{
		Dossier: dossier, Form: "tablet", GTINs: gtins, Holder: gs1.GLN(holder.GLN), Markets: []string{"DE"},
		Name: "Theriacin", NationalCode: "12345678", Number: number, Sites: []gs1.GLN{gs1.GLN(holder.GLN)},
		Strength: "500 mg", Substance: "acetylsalicylic acid",
	}, from.Truncate(time.Second), from.Truncate(time.Second).AddDate(5, 0, 0))
	raw, err := c.Sign(o.Key)
	if err != nil {
		o.T.Fatal(err)
	}
	return raw
}

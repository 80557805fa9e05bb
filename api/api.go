// Package api is the shapes of the HTTP API, for servers and clients. The paths
// and codes are in the OpenAPI document that a server serves at /openapi.json.
//
// Digests are 43 characters of base64url, identifiers of operations 22; times of
// blocks are milliseconds since 1970, other times RFC 3339.
package api

import (
	"theriac"
	"theriac/canon"
	"theriac/chain"
	"theriac/gs1"
)

// A Problem is why a request was refused (RFC 9457). Code is stable.
type Problem struct {
	Type   string `json:"type" doc:"urn:theriac:problem: and the code"`
	Title  string `json:"title" doc:"The code in words"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	Code   string `json:"code" doc:"Stable code; docs/formats.md lists them"`
}

// Error returns what went wrong.
func (p *Problem) Error() string { return p.Detail }

// A Receipt says where the ledger has a message.
type Receipt struct {
	BC       canon.Digest `json:"bc" doc:"Anchor: digest of the signed message"`
	Envelope string       `json:"envelope" doc:"The signed form that is anchored, a compact JWS"`
	Height   int64        `json:"height"`
	Index    uint64       `json:"index" doc:"Leaf of the log"`
	Time     int64        `json:"time"`
}

// A Done is an operation on the ledger.
type Done struct {
	Operation canon.Digest `json:"operation"`
	Index     uint64       `json:"index" doc:"Leaf of the log"`
	Height    int64        `json:"height"`
	Time      int64        `json:"time"`
	Alert     string       `json:"alert,omitempty" doc:"Id of the alert that was raised instead"`
}

// An Opening is what its maker tells of a pack to whoever names it: where it
// stands in which batch, and what the ledger holds only the digest of.
type Opening struct {
	Batch          canon.Digest `json:"batch"`
	Document       canon.Bytes  `json:"document,omitzero"`
	Pack           theriac.Pack `json:"pack"`
	Transformation canon.Bytes  `json:"transformation,omitzero"`
}

// A Capture is what became of a captured EPCIS document.
type Capture struct {
	Batches []canon.Digest `json:"batches" doc:"Batches that the document commissions"`
	Digest  canon.Digest   `json:"digest" doc:"SHA-256 of its exact bytes"`
	Events  int            `json:"events"`
	Height  int64          `json:"height"`
	Index   uint64         `json:"index" doc:"Leaf of the log that anchors it"`
	Time    int64          `json:"time"`
}

// A Trail is what is known of an identifier.
type Trail struct {
	Events     []Stop `json:"events"`
	Identifier string `json:"identifier"`
	Pack       bool   `json:"pack" doc:"It names one pack, whose evidence can be asked for"`
}

// A Stop is an event of a trail, with the document that says so and its anchor.
type Stop struct {
	Action      string       `json:"action,omitempty"`
	BizLocation string       `json:"biz_location,omitempty"`
	BizStep     string       `json:"biz_step,omitempty"`
	Disposition string       `json:"disposition,omitempty"`
	Document    canon.Digest `json:"document"`
	Event       int          `json:"event" doc:"Its number in the document"`
	Height      int64        `json:"height"`
	Index       uint64       `json:"index" doc:"Leaf of the log that anchors the document"`
	ReadPoint   string       `json:"read_point,omitempty"`
	Time        string       `json:"time"`
	Type        string       `json:"type"`
}

// A Message is a message of the organisation.
type Message struct {
	ID       canon.ID       `json:"id"`
	Type     string         `json:"type"`
	Case     string         `json:"case" doc:"ID_BC"`
	From     string         `json:"from" doc:"GLN"`
	To       string         `json:"to" doc:"GLN"`
	Prev     []canon.Digest `json:"prev"`
	Status   string         `json:"status" enum:"queued,sent,refused,received"`
	Created  string         `json:"created"`
	Attempts int            `json:"attempts,omitempty"`
	Code     string         `json:"code,omitempty" doc:"Why the last sending failed"`
	Receipt  *Receipt       `json:"receipt,omitempty"`
	Content  any            `json:"content" doc:"The body's fields"`
}

// Messages are a page of messages, the newest first.
type Messages struct {
	Items []Message `json:"items"`
	Next  string    `json:"next,omitempty" doc:"Cursor of the next page"`
}

// An Address says to whom a message goes and what it answers or follows.
type Address struct {
	To   string         `json:"to,omitempty" doc:"Receiver's GLN; an answer may leave it out"`
	Case string         `json:"case,omitempty" doc:"ID_BC; empty: that of the first predecessor"`
	Prev []canon.Digest `json:"prev,omitempty" doc:"Anchors of the messages that it follows"`
}

// A Document is part of a dossier.
type Document struct {
	Name  string `json:"name"`
	Media string `json:"media" example:"application/pdf"`
	Bytes []byte `json:"bytes" doc:"Base64"`
}

// A Job is work that takes long.
type Job struct {
	ID      canon.ID `json:"id"`
	Kind    string   `json:"kind"`
	State   string   `json:"state" enum:"running,done,failed"`
	Done    uint64   `json:"done"`
	Total   uint64   `json:"total"`
	Result  string   `json:"result,omitempty" doc:"Of a release: the batch"`
	Code    string   `json:"code,omitempty"`
	Detail  string   `json:"detail,omitempty"`
	Created string   `json:"created"`
	Updated string   `json:"updated"`
}

// A Release says which batch to make and put on the ledger.
type Release struct {
	Certificate string         `json:"certificate" doc:"Number of Cert_D"`
	Codes       bool           `json:"codes,omitempty" doc:"Packs have concealed codes"`
	Expiry      string         `json:"expiry" example:"2029-03-31"`
	GTIN        gs1.GTIN       `json:"gtin"`
	Inputs      []gs1.LGTIN    `json:"inputs" doc:"Lots of material that it was made of"`
	Lot         gs1.Lot        `json:"lot"`
	Materials   []canon.Digest `json:"materials" doc:"Anchors of the supplies that brought them"`
	Serials     []gs1.Serial   `json:"serials,omitempty" doc:"Of a line that numbers itself"`
	Site        gs1.GLN        `json:"site" doc:"Where it was made"`
	Size        uint64         `json:"size,omitempty" doc:"So many random serial numbers"`
}

// A Printed is what is printed on a pack.
type Printed struct {
	Index uint64 `json:"index" doc:"Its place in the batch"`
	Code  string `json:"code" doc:"GS1 element string, bracketed"`
}

// A Move takes packs of one batch from one state to another.
type Move struct {
	Packs  []string      `json:"packs,omitempty" doc:"Scanned codes, all of one batch"`
	Batch  string        `json:"batch,omitempty" doc:"Of the ranges"`
	Ranges []chain.Range `json:"ranges,omitempty" doc:"Packs in the organisation's custody"`
	From   string        `json:"from" enum:"inactive,active,dispensed,destroyed,exported,sampled,locked,stolen,returned"`
	To     string        `json:"to" enum:"inactive,active,dispensed,destroyed,exported,sampled,locked,stolen,returned"`
}

// A Member is an organisation of the consortium.
type Member struct {
	GLN      string       `json:"gln"`
	Name     string       `json:"name"`
	Roles    []chain.Role `json:"roles"`
	Status   string       `json:"status" enum:"active,suspended,removed"`
	Endpoint string       `json:"endpoint,omitempty"`
	Prefixes []string     `json:"prefixes,omitempty"`
	Keys     []Key        `json:"keys"`
	SealKey  canon.Bytes  `json:"seal_key,omitzero" doc:"P-256 point for HPKE"`
}

// A Key is a public key of a member.
type Key struct {
	ID      canon.Digest `json:"kid" doc:"RFC 7638 thumbprint"`
	From    int64        `json:"from"`
	Until   int64        `json:"until,omitempty"`
	Revoked int64        `json:"revoked,omitempty"`
}

// An Application is a request for membership that waits for the governors.
type Application struct {
	ID       canon.ID     `json:"id"`
	GLN      string       `json:"gln"`
	Name     string       `json:"name"`
	Roles    []chain.Role `json:"roles"`
	Prefixes []string     `json:"prefixes,omitempty"`
	Endpoint string       `json:"endpoint,omitempty"`
	Created  string       `json:"created"`
}

// A Decision is where a proposal stands.
type Decision struct {
	Proposal canon.Digest `json:"proposal"`
	Status   string       `json:"status" enum:"open,accepted,rejected"`
	For      int          `json:"for"`
	Against  int          `json:"against"`
}

// A Status is how the organisation's node is.
type Status struct {
	Version    string     `json:"version"`
	GLN        string     `json:"gln"`
	Chain      string     `json:"chain"`
	Node       string     `json:"node" doc:"id@host:port, for the peers' configuration"`
	Validator  string     `json:"validator" doc:"Its Ed25519 key"`
	Validates  bool       `json:"validates"`
	Height     int64      `json:"height"`
	Root       chain.Root `json:"root"`
	CatchingUp bool       `json:"catching_up"`
	Peers      int        `json:"peers"`
	Waiting    int        `json:"waiting" doc:"Transactions in the mempool"`
	// Page is left out by a program without pages.
	Page canon.Digest `json:"page,omitzero" doc:"Digest of the pages that it serves"`
}

// An Entry is a line of the audit book.
type Entry struct {
	Time    string `json:"time"`
	Actor   string `json:"actor"`
	Action  string `json:"action"`
	Subject string `json:"subject"`
	Code    string `json:"code,omitempty"`
	Detail  string `json:"detail,omitempty"`
	Policy  string `json:"policy,omitempty" doc:"That let a person do it"`
}

// Entries are a page of the audit book, the newest first.
type Entries struct {
	Items []Entry `json:"items"`
	Next  string  `json:"next,omitempty" doc:"Cursor of the next page"`
}

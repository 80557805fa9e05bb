package api

import "theriac/canon"

// A Page is the files that make up the pages which a server serves.
type Page struct {
	Digest canon.Digest `json:"digest" doc:"RFC 9162 root over the files; docs/formats.md, Page"`
	Files  []PageFile   `json:"files" doc:"By rising path"`
}

// A PageFile is a file of a page.
type PageFile struct {
	Path   string       `json:"path"`
	SHA256 canon.Digest `json:"sha256"`
}

// An Anchored says who put the digest of a document on the ledger, and when.
type Anchored struct {
	GLN   string `json:"gln"`
	Index uint64 `json:"index" doc:"Leaf of the log"`
	Media string `json:"media" doc:"Media type of the document"`
	Time  int64  `json:"time"`
}

// Package localapi is the box's loopback endpoint: EPG pages and middleware
// post events to it and learn whether they were accepted or stored.
package localapi

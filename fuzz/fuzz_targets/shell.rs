#![no_main]

mlops_audit_fuzz::reader!(mlops_audit_formats::shell::read);

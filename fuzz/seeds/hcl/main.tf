terraform { backend "s3" { bucket = "b" } }
variable "x" { type = string default = null }
resource "aws_sagemaker_model" "m" {
  name = "${var.x}-model" # c
  tags = { a = 1, "b" : [1, 2, true] }
  count = var.a ? 1 : 0
  doc = <<-EOT
    a ${x}
  EOT
  dynamic "y" { for_each = [for k, v in var.m : upper(k) if v != null] content { z = y.value } }
}
